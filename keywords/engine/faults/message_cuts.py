"""A Messages stream as its client sees it, for the sweeps of `keywords.engine.faults.stream_cuts`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from keywords.engine.anthropic.conformance import broken_stream_defects, error_defects, stream_defects
from keywords.engine.anthropic.messages import MESSAGES, read_stream
from keywords.engine.faults.stream_cuts import Seen

if TYPE_CHECKING:
    from keywords.engine.openai.client import ChatClient

_OK = 200
# Many streams at once would otherwise race with connections that servers close after a stream.
_HEADERS = {"content-type": "application/json", "connection": "close"}


def see_message(client: ChatClient, prompt: str, hang_s: float) -> Seen:
    """A Messages stream as its client sees it."""
    asked = {
        "model": client.model,
        "max_tokens": 256,
        "stream": True,
        "messages": [{"role": "user", "content": prompt}],
    }
    exchange = client.send("POST", MESSAGES, body=json.dumps(asked).encode(), headers=_HEADERS)
    if exchange.total_s >= hang_s:
        return Seen("hung", "", [f"it took {exchange.total_s:.1f} s"])
    if exchange.status != _OK:
        return Seen("refused" if exchange.status else "silent", "", error_defects(exchange))
    stream = read_stream(exchange)
    if stream.error is not None:
        return Seen("told", stream.text, broken_stream_defects(stream))
    if stream.stop_reason and stream.is_closed:
        return Seen("whole", stream.text, stream_defects(stream))
    return Seen("silent", stream.text, [repr(stream)])
