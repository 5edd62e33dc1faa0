"""What a defect can do on the wire: each function makes a defect of a small change to a request or an answer.

A change gets what passes and alters it in place. `Plant` makes a fresh defect with a state of its own for each wire.
"""

from __future__ import annotations

import json
from asyncio import sleep
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from keywords.engine.defects.exchange import json_object

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from keywords.engine.defects.exchange import Answer, Plant, Request, Send

    Fields = dict[str, Any]
    Events = AsyncIterator[bytes]

_DATA: Final = b"data: "
DONE: Final = b"data: [DONE]\n\n"
CHAT: Final = "/v1/chat/completions"
"""The one address that every server has; a defect lies there unless it says otherwise."""


async def wait(seconds: float) -> None:
    """Let time pass."""
    await sleep(seconds)


async def pass_on(request: Request, send: Send) -> Answer:
    """No defect."""
    return await send(request)


def on_request(change: Callable[[Request], None]) -> Plant:
    """Change each request."""

    async def spoil(request: Request, send: Send) -> Answer:
        change(request)
        return await send(request)

    return lambda: spoil


def on_fields(change: Callable[[Fields], None]) -> Plant:
    """Change the fields of chat requests."""

    def change_fields(request: Request) -> None:
        fields = request.fields
        if not is_chat(request) or not fields:
            return
        before = json.dumps(fields)
        change(fields)
        if json.dumps(fields) != before:
            request.fields = fields

    return on_request(change_fields)


def without(*names: str) -> Plant:
    """Drop fields of chat requests."""

    def drop(fields: Fields) -> None:
        for name in names:
            fields.pop(name, None)

    return on_fields(drop)


def on_answer(change: Callable[[Request, Answer], None]) -> Plant:
    """Change status, headers or parts of each answer to anything, before its body is read."""

    async def spoil(request: Request, send: Send) -> Answer:
        answer = await send(request)
        change(request, answer)
        return answer

    return lambda: spoil


def on_body(change: Callable[[bytes], bytes]) -> Plant:
    """Change the bytes of whole chat completions."""

    async def spoil(request: Request, send: Send) -> Answer:
        answer = await send(request)
        if is_chat(request) and answer.status == HTTPStatus.OK and not answer.is_stream:
            answer.replace(answer.status, change(await answer.read()), answer.headers.get("content-type", ""))
        return answer

    return lambda: spoil


def on_object(change: Callable[[Fields], None], *, path: str = CHAT) -> Plant:
    """Change the JSON objects that are whole answers with status 200.

    Args:
        change: changes the object in place.
        path: what the request's path begins with.
    """

    async def spoil(request: Request, send: Send) -> Answer:
        answer = await send(request)
        if request.path.startswith(path) and answer.status == HTTPStatus.OK and not answer.is_stream:
            body = await answer.read()
            changed = changed_object(body, change)
            if changed != body:
                answer.replace(answer.status, changed, answer.headers["content-type"])
        return answer

    return lambda: spoil


def on_events(change: Callable[[Events], Events]) -> Plant:
    """Change the sequence of events of each streamed chat."""

    async def spoil(request: Request, send: Send) -> Answer:
        answer = await send(request)
        if is_chat(request) and answer.is_stream:
            answer.parts = change(answer.parts)
        return answer

    return lambda: spoil


def on_event_objects(change: Callable[[Fields], None]) -> Plant:
    """Change the JSON object of each event."""

    async def changed(events: Events) -> Events:
        async for event in events:
            yield changed_event(event, change)

    return on_events(changed)


def on_objects(change: Callable[[Fields], None]) -> Plant:
    """Change the JSON objects of whole and of streamed chats alike."""
    return both(on_object(change), on_event_objects(change))


def both(first: Plant, second: Plant) -> Plant:
    """Two changes as one defect; the first is nearer to the server."""

    def plant() -> Any:
        inner, outer = first(), second()

        async def spoil(request: Request, send: Send) -> Answer:
            async def send_first(request: Request) -> Answer:
                return await inner(request, send)

            return await outer(request, send_first)

        return spoil

    return plant


def changed_object(body: bytes, change: Callable[[Fields], None]) -> bytes:
    """A body whose JSON object was changed; a body that the change leaves as it is passes byte for byte."""
    value = json_object(body)
    if value is None:
        return body
    before = json.dumps(value)
    change(value)
    after = json.dumps(value)
    return body if after == before else after.encode()


def changed_event(event: bytes, change: Callable[[Fields], None]) -> bytes:
    """An event whose JSON object was changed; its other lines stay."""
    lines = event.split(b"\n")
    for number, line in enumerate(lines):
        if line.startswith(_DATA):
            lines[number] = _DATA + changed_object(line.removeprefix(_DATA), change)
    return b"\n".join(lines)


def event_object(event: bytes) -> Fields | None:
    """The JSON object of an event; None if it has none."""
    for line in event.split(b"\n"):
        if line.startswith(_DATA):
            return json_object(line.removeprefix(_DATA))
    return None


def has_text(event: bytes) -> bool:
    """Whether an event carries a piece of the model's text."""
    value = event_object(event) or {}
    return any(text for _, _, text in texts(value))


def texts(value: Mapping[str, Any]) -> list[tuple[Fields, str, str]]:
    """The model's texts in an answer or in an event's object: holder, field, text."""
    found = []
    choices = value.get("choices")
    for choice in choices if isinstance(choices, list) else []:
        holders = [(choice.get("message"), "content"), (choice.get("delta"), "content")]
        found += [
            (holder, name, holder[name])
            for holder, name in holders
            if isinstance(holder, dict) and isinstance(holder.get(name), str)
        ]
    return found


def on_texts(change: Callable[[str], str]) -> Plant:
    """Change the model's text in answers and in events."""

    def change_texts(value: Fields) -> None:
        for holder, name, text in texts(value):
            holder[name] = change(text)

    return on_objects(change_texts)


def is_chat(request: Request) -> bool:
    """Whether a request asks for a chat completion."""
    return request.method == "POST" and request.path.startswith(CHAT)
