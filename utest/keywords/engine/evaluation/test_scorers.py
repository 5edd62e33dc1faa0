import pytest
import yaml

from keywords.engine.evaluation.formats import LETTERS
from keywords.engine.evaluation.items import DatasetError, Item
from keywords.engine.evaluation.marks import Outcome, Reply
from keywords.engine.evaluation.scorers import SCORERS, scorer
from keywords.run.places import DATASETS

GROUPS = yaml.safe_load((DATASETS / "marks.yaml").read_text(encoding="utf-8"))
LINES = [(group, line) for group in GROUPS for line in group["replies"]]


def item_of(group, line):
    if choices := group.get("choices"):
        right = LETTERS.index(line["right"])
        return Item("1", "Which?", (choices[right],), choices=tuple(choices), right=right)
    return Item("1", "What?", tuple(line["references"]))


@pytest.mark.parametrize(
    ("group", "line"), LINES, ids=[f"{group['scorer']} {line['reply'][:30]!r}" for group, line in LINES]
)
def test_each_reply_of_the_table_gets_its_mark(group, line):
    mark = SCORERS[group["scorer"]].mark(Reply(line["reply"]), item_of(group, line))
    rule = group["rules"][line["rule"]]
    assert (line["reply"], mark.outcome, rule) == (line["reply"], Outcome(line["mark"]), rule)
    if "value" in line:
        assert mark.value == pytest.approx(line["value"], abs=1e-5)
    else:
        assert mark.value == float(mark.outcome is Outcome.CORRECT)


def test_the_table_is_as_large_as_it_claims_and_uses_each_rule_and_outcome():
    assert len(LINES) >= 120
    assert sum(bool(line.get("trap")) for _, line in LINES) >= 30
    for group in GROUPS:
        assert {line["rule"] for line in group["replies"]} == set(group["rules"])
        # A scorer that gave one mark to all could pass a table that expects only that one.
        assert len({line["mark"] for line in group["replies"]}) >= 3
    assert {line["mark"] for _, line in LINES} == {*Outcome} - {Outcome.ERROR}
    assert {group["scorer"] for group in GROUPS} == SCORERS.keys() - {"choice-likelihood"}


CHOICES = Item("1", "Which?", ("blue",), choices=("red", "green", "blue", "black"), right=2)


@pytest.mark.parametrize(
    ("first_token", "expected"),
    [
        ({"C": -0.1, "A": -2.0}, Outcome.CORRECT),
        ({" C": -0.1, "A": -2.0}, Outcome.CORRECT),
        ({"The": -0.1, "C": -3.0, "A": -4.0}, Outcome.CORRECT),
        ({"A": -0.5, "C": -0.7, " C": -5.0}, Outcome.WRONG),
        ({"c": -0.1, "B": -3.0}, Outcome.WRONG),
        ({"The": -0.1}, Outcome.FORMAT),
        ({}, Outcome.FORMAT),
        (None, Outcome.FORMAT),
    ],
)
def test_the_likeliest_letter_is_chosen_even_if_another_token_is_likelier(first_token, expected):
    assert SCORERS["choice-likelihood"].mark(Reply("", first_token), CHOICES).outcome is expected


def test_an_unknown_scorer_is_refused_with_the_nearest_name():
    with pytest.raises(DatasetError, match="do you mean exact-match-squad"):
        scorer("exact-match-squat")
