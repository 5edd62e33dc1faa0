"""Cache of what depends on a turn alone: a source of a few texts gives the same turns thousands of times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from keywords.engine.load.items import Turn

T = TypeVar("T")

_MOST = 1000


class TurnCache(Generic[T]):
    """Values by turn, of the first 1,000 different ones; a turn is known by its identity, since it never changes.

    Args:
        make: makes the value of a turn.
    """

    def __init__(self, make: Callable[[Turn], T]) -> None:
        self._make = make
        self._kept: dict[int, tuple[Turn, T]] = {}

    def of(self, turn: Turn) -> T:
        """The value of a turn."""
        kept = self._kept.get(id(turn))
        if kept is not None:  # it holds its turn, so no other one can have that id
            return kept[1]
        value = self._make(turn)
        if len(self._kept) < _MOST:
            self._kept[id(turn)] = turn, value
        return value
