"""Answers that are made to break scorers, the store or a page: each gets a mark, and all of it can be read again."""

import json

import httpx2
import pytest

from keywords.engine.evaluation.items import Item
from keywords.engine.evaluation.marks import Outcome, Reply
from keywords.engine.evaluation.pages import write_run_page
from keywords.engine.evaluation.scorers import SCORERS

MANY = 20_000
TEXTS = {
    "spaces": " " * MANY,
    "marks": "#### " * MANY,
    "hashes": "#" * MANY,
    "stars": "*" * MANY,
    "answers": "Answer: " * MANY,
    "letters in every place": "A B C D " * MANY,
    "answers with every letter": "Answer: A Answer: B Answer: C Answer: D " * MANY,
    "boxes": "boxed{" * MANY,
    "digits": "9" * (5 * MANY),
    "more digits than decimals hold": "#### " + "9" * 1_500_000,
    "a fraction of them": "9" * 1_500_000 + "/7",
    "by nothing": "1/0 " * MANY,
    "minus": "-\u2212" * MANY,
    "commas": "1,000," * MANY,
    "NUL": "\0" * MANY,
    "right to left": "\u202e\u05d0" * MANY,
    "half a character": "\ud800" * MANY,
    "refusals": "I'm sorry, but I cannot " * MANY,
    "doubts": "I don't know. " * MANY,
}
PLAIN, CHOICE = Item("1", "q", ("18",)), Item("1", "q", ("a",), choices=("a", "b", "c", "d"), right=0)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_each_scorer_marks_it(text):
    for one in SCORERS.values():
        first_token = {"A": -1.0} if one.needs_logprobs else None
        assert one.mark(Reply(text, first_token), CHOICE if one.needs_choices else PLAIN).outcome in Outcome


@pytest.mark.parametrize(
    ("scorer", "text", "references", "outcome"),
    [
        ("number-strict", "#### 18 #### 19 #### 20", "18", Outcome.CORRECT),  # the first one, as the official script
        ("number-strict", "#### #### #### 18", "18", Outcome.CORRECT),
        ("number-flexible", "9" * 1_500_000 + "/7 or 18", "18", Outcome.CORRECT),
        # Numbers of 29 digits differ in their last one; arithmetic of 28 digits would not see it.
        ("number-flexible", "1" * 28 + "2", "1" * 28 + "3", Outcome.WRONG),
        ("number-strict", "#### -" + "1" * 29, "-" + "1" * 29, Outcome.CORRECT),
        ("exact-match-triviaqa", "18" + " 18" * 1000, "18", Outcome.WRONG),
        ("exact-match-squad", "1\u202e8", "18", Outcome.WRONG),
    ],
)
def test_what_decides_is_what_the_source_says(scorer, text, references, outcome):
    assert SCORERS[scorer].mark(Reply(text), Item("1", "q", (references,))).outcome is outcome


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("Answer: A Answer: B Answer: C Answer: D", "D"),
        ("A B C D", None),
        ("Answer: A, B, C or D", "A"),
        ("A. no\nB. no\nC. no\nD", "D"),
        ("A. no\nB. no\nC. no", None),
    ],
)
def test_of_letters_in_every_place_the_last_answer_counts_else_the_one_letter(text, letter):
    mark = SCORERS["choice-letter"].mark(Reply(text), CHOICE)
    assert (mark.extracted, mark.outcome is Outcome.FORMAT) == (letter, letter is None)


@pytest.mark.parametrize("text", ["x" * 1_000_000, "Pa\0ris", "\u202eParis", "\ud800Paris", "\x1b[31mParis", "\r\n"])
def test_it_is_stored_and_its_page_stays_small_and_shows_no_character_that_acts(laboratory, make, text):
    body = json.dumps(make.completion(text)).encode()
    headers = {"content-type": "application/json"}
    laboratory.gateway.answer = lambda _: httpx2.Response(200, content=body, headers=headers)
    score = laboratory.score(laboratory.run(limit=5))
    assert score.outcomes[Outcome.ERROR] == 0
    stored = {one.asked.reply.text for one in score.answers.values()}
    assert stored == {text.replace("\ud800", "\\ud800")}
    page = write_run_page(laboratory.path.with_name("page.html"), [score]).read_bytes()
    assert len(page) < 100_000
    assert not [one for one in ("\0", "\x1b", "\u202e") if one.encode() in page]
    if len(text) > 1000:
        assert b"(1000000 characters; all of them stand in the store)" in page
