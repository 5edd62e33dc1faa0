"""Values of a run of any length in bounded memory."""

from __future__ import annotations

from array import array

_MOST = 20_000


class ThinnedValues:
    """Every n-th value, where n doubles whenever there are too many; so they spread evenly over the whole run.

    Attributes:
        values: those that are kept, in order; from 10,000 to 20,000 of a long run.
    """

    def __init__(self) -> None:
        self.values = array("d")
        self._seen = 0
        self._every = 1

    def add(self, value: float) -> None:
        """Take a value."""
        if self._seen % self._every == 0:
            self.values.append(value)
            if len(self.values) > _MOST:
                self.values = self.values[::2]
                self._every *= 2
        self._seen += 1
