import pytest

from keywords.engine.evaluation.comparison import Verdict, compare, judge, pooled
from keywords.engine.evaluation.items import DatasetError
from keywords.engine.evaluation.pages import overall
from keywords.engine.evaluation.scorers import SCORERS
from keywords.engine.evaluation.scores import mark_again, stale_runs
from keywords.engine.evaluation.tables import MARKS, ROOM
from keywords.engine.statistics.pairs import Pairs
from keywords.engine.store.database import Store


def test_lost_and_gained_items_are_named(laboratory):
    laboratory.answers(lambda question: "capital" in question)
    first = laboratory.score(laboratory.run())
    laboratory.answers(lambda question: ("capital" in question and "France" not in question) or "snow" in question)
    found = compare(first, laboratory.score(laboratory.run()))
    changed = {one.change: one.question for one in found.items if one.change}
    assert changed == {"lost": "What is the capital of France?", "gained": "What colour is snow?"}
    assert found.sentence == (
        "short-facts v1 (20 items, sha256 6b796568b98d…): 1 lost, 1 gained, McNemar p=1.00, no evidence of change; "
        "drop +0 points (95 % -16 to +16, Newcombe); 20 items detect a drop of 37 points; 18/20 answered identically"
    )
    assert pooled([found, found]).n == 40


def test_an_item_without_an_answer_in_both_is_left_out_and_told(laboratory):
    laboratory.answers(lambda _: True)
    first, second = laboratory.score(laboratory.run()), laboratory.score(laboratory.run(limit=12))
    found = compare(first, second)
    assert found.pairs.n == 12
    assert "8 items without an answer in both are left out" in found.sentence


def test_equal_answers_to_a_part_of_the_items_are_no_pass(laboratory):
    laboratory.answers(lambda _: True)
    first, second = laboratory.score(laboratory.run()), laboratory.score(laboratory.run(limit=1))
    whole, part = compare(first, laboratory.score(laboratory.run())), compare(first, second)
    assert (whole.is_identical, part.is_identical) == (True, False)
    assert overall([whole], 0.05)[0] is Verdict.PASS
    verdict, reason = overall([whole, part], 0.05)
    assert (verdict, "may miss a larger one" in reason) == (Verdict.INCONCLUSIVE, True)


def test_other_items_or_other_marks_are_not_compared(laboratory):
    laboratory.answers(lambda _: True)
    facts = laboratory.score(laboratory.run(scorers=("exact-match-triviaqa", "f1")))
    laboratory.gateway.answers(200, json={"choices": [{"message": {"content": "A"}}]})
    with pytest.raises(DatasetError, match="compare runs of the same items"):
        compare(facts, laboratory.score(laboratory.run("copying", limit=5)))
    with pytest.raises(DatasetError, match="name one --scorer"):
        compare(facts, laboratory.score(1, "f1"))


@pytest.mark.parametrize(
    ("pairs", "max_drop", "identical", "verdict", "reason"),
    [
        (Pairs(10, 8, 0, 2), 0.1, False, Verdict.FAIL, "no accident"),
        (Pairs(14, 4, 0, 2), 0.1, False, Verdict.INCONCLUSIVE, "may be an accident"),
        (Pairs(18, 0, 0, 2), 0.1, False, Verdict.INCONCLUSIVE, "may miss a larger one"),
        (Pairs(18, 0, 0, 2), 0.1, True, Verdict.PASS, "character by character"),
        (Pairs(18, 0, 0, 2), 0.4, False, Verdict.PASS, "would have shown a larger one"),
        # Significant, but within what is accepted.
        (Pairs(900, 10, 1, 89), 0.05, False, Verdict.PASS, "within 5 points"),
        (Pairs(10, 0, 9, 1), 0.4, False, Verdict.PASS, "within 40 points"),
    ],
)
def test_a_gate_fails_only_if_the_drop_is_beyond_the_limit_and_significant(pairs, max_drop, identical, verdict, reason):
    found, why = judge(pairs, max_drop, identical=identical)
    assert (found, reason in why) == (verdict, True), why


def test_stored_answers_are_marked_anew_without_asking(laboratory):
    laboratory.answers(lambda _: True, otherwise="")
    run = laboratory.run()
    asked = len(laboratory.gateway.asked)
    with Store(laboratory.path, ROOM) as store:
        score = mark_again(store, run, "exact-match-squad")
        with pytest.raises(DatasetError, match="needs choices"):
            mark_again(store, run, "choice-letter")
    assert (score.hits, score.scorer) == (20, "exact-match-squad")
    assert len(laboratory.gateway.asked) == asked
    assert laboratory.score(run).scorer == "exact-match-triviaqa"


def test_a_changed_scorer_makes_its_runs_stale_until_they_are_marked_again(laboratory):
    laboratory.answers(lambda _: True)
    run = laboratory.run(limit=5)
    with Store(laboratory.path, ROOM) as store:
        assert stale_runs(store) == {}
        store.update(MARKS, {"scorer_digest": "of an earlier version"}, {"item": "1"})
        assert stale_runs(store) == {run: ["exact-match-triviaqa"]}
        mark_again(store, run, "exact-match-triviaqa")
        assert stale_runs(store) == {}
        store.update(MARKS, {"scorer": "gone"}, {"item": "1"})
        assert stale_runs(store) == {run: ["gone"]}
    assert "gone" not in SCORERS


def test_a_run_that_a_scorer_did_not_mark_says_how_to_do_it(laboratory):
    laboratory.answers(lambda _: True)
    run = laboratory.run(limit=5)
    with pytest.raises(DatasetError, match=r"qa score 1 --scorer f1"):
        laboratory.score(run, "f1")
