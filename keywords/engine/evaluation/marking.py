"""How each scorer marks one reply to one item."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keywords.engine.evaluation.choice_letters import choice_letter, likeliest_letter
from keywords.engine.evaluation.decimals import last_number, number, strict_number
from keywords.engine.evaluation.declining import abstains, refuses
from keywords.engine.evaluation.formats import LETTERS
from keywords.engine.evaluation.marks import Mark, Outcome, Reply, correct, not_correct
from keywords.engine.evaluation.text_matching import matches, normalise_squad, normalise_triviaqa, token_f1

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from keywords.engine.evaluation.items import Item


def _exact_match(reply: Reply, item: Item, normalise: Callable[[str], str]) -> Mark:
    text = reply.text.strip()
    if item.references and matches(text, item.references, normalise):
        return correct(normalise(text))
    return _declined(text, item) or not_correct(Outcome.WRONG, normalise(text))


def mark_exact_match_squad(reply: Reply, item: Item) -> Mark:
    """Equal to a reference, normalised as SQuAD does."""
    return _exact_match(reply, item, normalise_squad)


def mark_exact_match_triviaqa(reply: Reply, item: Item) -> Mark:
    """Equal to a reference, normalised as TriviaQA does."""
    return _exact_match(reply, item, normalise_triviaqa)


def mark_f1(reply: Reply, item: Item) -> Mark:
    """The words shared with a reference; correct only if they are all."""
    value = token_f1(reply.text, item.references)
    if value == 1.0:
        return correct(normalise_triviaqa(reply.text))
    declined = _declined(reply.text, item)
    if declined:
        return declined
    return Mark(Outcome.WRONG, value, normalise_triviaqa(reply.text))


def _number(reply: Reply, item: Item, extract: Callable[[str], tuple[str, Decimal] | None]) -> Mark:
    found = extract(reply.text)
    if found is None:
        return _declined(reply.text, item) or not_correct(Outcome.FORMAT, None)
    text, value = found
    golds = [gold for reference in item.references if (gold := number(reference)) is not None]
    return correct(text) if value in golds else not_correct(Outcome.WRONG, text)


def mark_number_strict(reply: Reply, item: Item) -> Mark:
    """The first number behind `####` equals the reference."""
    return _number(reply, item, strict_number)


def mark_number_flexible(reply: Reply, item: Item) -> Mark:
    """The number behind `####`, else the last one, equals the reference."""
    return _number(reply, item, last_number)


def mark_choice_letter(reply: Reply, item: Item) -> Mark:
    """The letter that the text chooses is the right one."""
    return _chosen(choice_letter(reply.text, LETTERS[: len(item.choices)]), reply, item)


def mark_choice_likelihood(reply: Reply, item: Item) -> Mark:
    """The likeliest letter as the first token is the right one."""
    candidates = reply.first_token or {}
    return _chosen(likeliest_letter(candidates, LETTERS[: len(item.choices)]), reply, item)


def _chosen(letter: str | None, reply: Reply, item: Item) -> Mark:
    if letter is None:
        return _declined(reply.text, item) or not_correct(Outcome.FORMAT, None)
    assert item.right is not None  # noqa: S101  # items with choices have a right one
    # By its text: a right choice that stands twice is right twice.
    is_right = item.choices[LETTERS.index(letter)] == item.choices[item.right]
    return correct(letter) if is_right else not_correct(Outcome.WRONG, letter)


def mark_abstention(reply: Reply, item: Item) -> Mark:
    """The reply declines exactly if the item has no answer."""
    if refuses(reply.text):
        return not_correct(Outcome.REFUSED, None)
    declined = abstains(reply.text) or not reply.text.strip()
    said = "abstained" if declined else "answered"
    if declined == (not item.references):
        return correct(said)
    return not_correct(Outcome.ABSTAINED if declined else Outcome.WRONG, said)


def _declined(text: str, item: Item) -> Mark | None:
    """The mark of a reply that declines: right if the item has no answer; None for a reply that does not."""
    if refuses(text):
        return not_correct(Outcome.REFUSED, None)
    if not text.strip():
        return correct("") if not item.references else not_correct(Outcome.FORMAT, None)
    if abstains(text):
        return correct("abstained") if not item.references else not_correct(Outcome.ABSTAINED, None)
    return None
