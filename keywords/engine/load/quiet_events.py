"""Events without text, such as a role, an end or a usage: read once, since thousands of answers have the same.

They differ in the answer's id alone, as long as the server's clock shows the same second. What follows the id says the
same whatever the id is, so it is looked up instead of parsed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from keywords.engine.openai.stream_events import StreamEvents

if TYPE_CHECKING:
    from keywords.engine.openai.answer import Usage

_ID = re.compile(rb'\{"id":"[^"\\\x00-\x1f]*"')
"""A member whose text may stand in JSON as it is (RFC 8259, section 7), so that no other text changes what follows."""
_MOST = 1000
_LONGEST = 2048
"""Bytes of an event that is kept; those of real servers have some 300."""


class _Said(NamedTuple):
    """What an event without text says."""

    finish_reason: str | None
    usage: Usage | None


class QuietEvents:
    """The events without text of one client.

    If few of those that are kept come again, no further ones are: keeping them takes a fifth of the time of parsing.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, _Said] = {}
        self._hits = 0

    def read(self, event: bytes, into: StreamEvents) -> bool:
        """Read an event that is known; false of any other.

        Args:
            event: its data, in UTF-8.
            into: takes what it says.
        """
        start = _ID.match(event)
        said = self._known.get(event[start.end() :]) if start is not None else None
        if said is None:
            return False
        self._hits += 1
        if said.finish_reason is not None:
            into.add_finish_reason(said.finish_reason)
        if said.usage is not None:
            into.usage = said.usage
        return True

    def keep(self, event: bytes, body: dict[str, Any]) -> None:
        """Keep an event, unless it says more than a role, an end or a usage.

        Args:
            event: its data.
            body: the object in it.
        """
        start = _ID.match(event)
        if start is None or len(event) > _LONGEST:
            return
        if len(self._known) >= _MOST:
            if self._hits < _MOST:
                return
            self._known.clear()
            self._hits = 0
        heard = _Heard()
        heard.read_body(body, 0.0)
        if not heard.more and heard.error is None:
            self._known[event[start.end() :]] = _Said(heard.finish_reason, heard.usage)


class _Heard(StreamEvents):
    finish_reason: str | None = None
    more = False

    def add_text(self, at_s: float, choice: int, field: str, text: str) -> None:  # noqa: ARG002  # any is too much
        self.more = True

    def add_tool_calls(self, at_s: float, calls: list[Any]) -> None:  # noqa: ARG002  # as text
        self.more = True

    def add_finish_reason(self, reason: str) -> None:
        if self.finish_reason is None:
            self.finish_reason = reason

    def add_role(self, role: str) -> None:
        pass


QUIET_EVENTS = QuietEvents()
"""Those of all answers of this process."""
