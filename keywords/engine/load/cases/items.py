"""Items of the conformance cases: prompts by which the backend's record of a request is found again."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from keywords.engine.load.items import Item, Turn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keywords.engine.scripted.record import RecordedRequest

_NUMBER = re.compile(r"^Item (\d+)\.")


@dataclass(frozen=True, slots=True)
class CaseItems:
    """Items of one turn each, whose prompts say their number.

    Attributes:
        distinct: number of different prompts; after so many items they repeat. None for no repetition.
        fields: further fields of each request.
        work_s: processor time that making an item takes the client.
    """

    distinct: int | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    work_s: float = 0.0

    def item(self, number: int) -> Item:
        """The item with a number."""
        until = time.process_time() + self.work_s
        while time.process_time() < until:
            pass
        shown = number if self.distinct is None else number % self.distinct
        message = {"role": "user", "content": f"Item {shown}. Count."}
        return Item(number, "case", (Turn((message,), self.fields),))


def item_number(request: RecordedRequest) -> int:
    """The number in a request's prompt.

    Raises:
        ValueError: the request is of no case.
    """
    found = _NUMBER.match(str(request.json()["messages"][-1]["content"]))
    if found is None:
        raise ValueError(f"the prompt of request {request.number} says no item: {request.body!r}")
    return int(found[1])
