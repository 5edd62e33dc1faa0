"""What a scorer says of a reply."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Outcome(StrEnum):
    """How one reply fared. The last one is of a request that got no reply: it is never a wrong answer."""

    CORRECT = "correct"
    WRONG = "wrong"
    FORMAT = "format failure"
    ABSTAINED = "abstained"
    REFUSED = "refused"
    ERROR = "transport error"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered.

    Attributes:
        text: its text; empty if it said nothing.
        first_token: natural logarithms of the probabilities of candidates for the first token; None if the server
            gave none.
        refused: whether the server says that the text is a refusal, whatever its words.
    """

    text: str
    first_token: Mapping[str, float] | None = field(default=None, repr=False)
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A scorer's mark.

    Attributes:
        outcome: how the reply fared.
        value: 0 to 1; 1 if it is correct, between them only where a scorer says what parts mean.
        extracted: what the scorer took for the answer; None if it found none.
    """

    outcome: Outcome
    value: float
    extracted: str | None


def correct(extracted: str) -> Mark:
    """The mark of a right answer."""
    return Mark(Outcome.CORRECT, 1.0, extracted)


def not_correct(outcome: Outcome, extracted: str | None) -> Mark:
    """The mark of any other reply."""
    return Mark(outcome, 0.0, extracted)
