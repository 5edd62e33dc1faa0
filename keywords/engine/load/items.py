"""Items: what a load run sends, conversation by conversation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Turn:
    """One request of a conversation.

    Attributes:
        messages: appended to the conversation's messages and answers so far.
        fields: the other fields of the request's body, such as `max_tokens`; neither `model` nor `messages`. The body
            has `"stream": true` and asks for usage in the stream, unless they stand here otherwise.
        think_s: seconds that the user waits between the previous answer and this request; in a closed loop also before
            the first turn of the next item.
    """

    messages: tuple[Mapping[str, Any], ...]
    fields: Mapping[str, Any] = field(default_factory=dict)
    think_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Item:
    """A conversation of one request or more.

    Attributes:
        number: from 0; the same number of the same workload and seed is always the same item.
        kind: name of the workload's entry that it was drawn from.
        turns: at least one.
    """

    number: int
    kind: str
    turns: tuple[Turn, ...]


class ItemSource(Protocol):
    """What items come from; it is pickled and sent to each client process."""

    def item(self, number: int) -> Item:
        """The item with a number; no other item's request or answer changes it."""
