"""Messages requests, and the chat requests that they become."""

import orjson

from gateway.backends.base import Call
from gateway.formats.anthropic.request import chat_call
from gateway.formats.anthropic.schema import check

OLD, NEW = "2023-06-01", "2026-10-21"
PLAIN = {"model": "c", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
TOOL = {"name": "add", "description": "adds", "input_schema": {"type": "object"}}
FUNCTION = {"name": "add", "description": "adds", "parameters": {"type": "object"}}
PIXEL = {"type": "base64", "media_type": "image/png", "data": "AA=="}


def translated(*, strict=False, dropped=(), limit_field="max_tokens", **fields):
    fields = {**PLAIN, **fields}
    check(fields, OLD)
    call = Call(b"", fields, "c", "inner", "id", stream=bool(fields.get("stream")), strict=strict)
    new = chat_call(call, limit_field)
    assert orjson.loads(new.body) == new.fields
    assert list(call.dropped) == list(dropped)
    return new.fields


def messages(*turns, dropped=(), **fields):
    return translated(messages=list(turns), dropped=dropped, **fields)["messages"]


def user(*blocks):
    return {"role": "user", "content": list(blocks)}


def text(text, **more):
    return {"type": "text", "text": text, **more}


def result(*call_ids_and_blocks):
    call_id, *blocks = call_ids_and_blocks
    return user({"type": "tool_result", "tool_use_id": call_id, "content": blocks or "done"})
