"""Events of streams that the cases write byte by byte."""

from __future__ import annotations

import json


def event(delta: dict[str, str], finish_reason: str | None = None) -> str:
    """One event of a chat stream with one choice."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return f"data: {json.dumps({'object': 'chat.completion.chunk', 'choices': [choice]})}\n\n"
