"""Observer of Messages streams for the sweeps of `keywords.engine.faults.stream_cuts`."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

from keywords.engine.anthropic.conformance import broken_stream_defects, error_defects, stream_defects
from keywords.engine.anthropic.messages import MESSAGES, read_stream
from keywords.engine.faults.stream_cuts import ObservedStream

if TYPE_CHECKING:
    from keywords.engine.openai.client import ChatClient

# Without `close`, many streams at once race with connections that servers close after a stream.
_HEADERS = {"content-type": "application/json", "connection": "close"}


def observe_message(client: ChatClient, prompt: str, hang_s: float) -> ObservedStream:
    """Request a Messages stream and observe it to its end."""
    body = {
        "model": client.model,
        "max_tokens": 256,
        "stream": True,
        "messages": [{"role": "user", "content": prompt}],
    }
    exchange = client.send("POST", MESSAGES, body=json.dumps(body).encode(), headers=_HEADERS)
    if exchange.total_s >= hang_s:
        return ObservedStream("hung", "", [f"it took {exchange.total_s:.1f} s"])
    if exchange.status != HTTPStatus.OK:
        return ObservedStream("refused" if exchange.status else "silent", "", error_defects(exchange))
    stream = read_stream(exchange)
    if stream.error is not None:
        return ObservedStream("told", stream.text, broken_stream_defects(stream))
    if stream.stop_reason and stream.is_closed:
        return ObservedStream("whole", stream.text, stream_defects(stream))
    return ObservedStream("silent", stream.text, [repr(stream)])
