import pytest
from assertionengine import AssertionOperator

from keywords.evaluation.scorers import ScorersLibrary

EQUAL = AssertionOperator["=="]


@pytest.mark.parametrize(
    ("getter", "reply", "references", "mark"),
    [
        ("get_mark_by_squad_exact_match", "The Beatles!", "beatles", "correct"),
        ("get_mark_by_squad_exact_match", "U.S.A.", ["USA", "America"], "correct"),
        ("get_mark_by_triviaqa_exact_match", "U.S.A.", "USA", "wrong"),
        ("get_mark_by_strict_number", "The answer is 18.", "18", "format failure"),
        ("get_mark_by_flexible_number", "She earns $29.00", "29", "correct"),
        ("get_mark_by_abstention", "I don't know.", [], "correct"),
        ("get_mark_by_abstention", "I don't know.", "Oslo", "abstained"),
    ],
)
def test_a_reply_gets_the_mark_of_the_named_scorer(getter, reply, references, mark):
    get = getattr(ScorersLibrary(), getter)
    assert get(reply, references, EQUAL, mark) == mark
    with pytest.raises(AssertionError, match=f"got '{mark}'"):
        get(reply, references, EQUAL, "refused")


def test_a_letter_is_read_among_so_many_choices():
    library = ScorersLibrary()
    assert library.get_mark_by_choice_letter("**Answer: C**", "C", 4) == "correct"
    assert library.get_mark_by_choice_letter("Answer: D", "C", 3) == "format failure"


def test_words_are_counted_as_often_as_they_stand_there():
    assert ScorersLibrary().get_token_f1("Paris Paris Paris Paris", "Paris", EQUAL, 0.4) == 0.4
    assert ScorersLibrary().get_token_f1("red", ["blue", "red car"]) == pytest.approx(2 / 3)
