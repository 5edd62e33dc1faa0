"""Items for the tests of load runs; client processes import this module too."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from keywords.engine.load.items import Item, Turn


@dataclass(frozen=True)
class Numbered:
    """Each item says its number."""

    turns: int = 1
    think_s: float = 0.0
    fields: dict = field(default_factory=dict)

    def item(self, number):
        turns = [
            Turn(({"role": "user", "content": f"item {number} turn {turn}"},), self.fields, self.think_s)
            for turn in range(self.turns)
        ]
        return Item(number, "numbered", tuple(turns))


class Broken:
    def item(self, number):
        if number == 5:
            raise LookupError("there is no item 5")
        return Numbered().item(number)


class Slow(Numbered):
    """Makes each item in 10 ms of processor time, on the client's event loop."""

    def item(self, number):
        until = time.process_time() + 0.01
        while time.process_time() < until:
            pass
        return super().item(number)
