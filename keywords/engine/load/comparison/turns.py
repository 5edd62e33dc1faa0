"""Measurement in turns: A B B A, so that neither side always comes first and a drift of the machine hits both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

Side = Literal["first", "second"]


def turns(rounds: int) -> Iterator[tuple[int, Side]]:
    """The order in which two servers are measured, a run of each in every round.

    Yields:
        The number of the round, from 1, and the side whose turn it is.
    """
    for number in range(1, rounds + 1):
        order: tuple[Side, Side] = ("first", "second") if number % 2 else ("second", "first")
        yield from ((number, side) for side in order)
