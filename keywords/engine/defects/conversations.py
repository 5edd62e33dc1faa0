"""Servers that lose or damage a part of the conversation, or accept a request that they must refuse."""

from __future__ import annotations

import json
import re
import unicodedata
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from keywords.engine.defects.changes import is_chat, on_fields
from keywords.engine.defects.defect import Defect
from keywords.engine.defects.exchange import json_object

if TYPE_CHECKING:
    from collections.abc import Callable

    from keywords.engine.defects.changes import Fields
    from keywords.engine.defects.exchange import Answer, Plant, Request, Send

_CUT_CHARACTERS: Final = 1000
_SPACES: Final = re.compile(" +")
_TEMPERATURE_MAX: Final = 2


def _no_system(fields: Fields) -> None:
    messages = _messages(fields)
    if len(messages) > 1:
        fields["messages"] = [one for one in messages if one.get("role") not in {"system", "developer"}] or messages


def _last_only(fields: Fields) -> None:
    messages = _messages(fields)
    if len(messages) > 1:
        fields["messages"] = [one for one in messages if one.get("role") == "system"] + messages[-1:]


def _no_answers(fields: Fields) -> None:
    if messages := _messages(fields):
        fields["messages"] = [one for one in messages if one.get("role") != "assistant"] or messages


def _on_prompt(change: Callable[[str], str]) -> Plant:
    def change_prompt(fields: Fields) -> None:
        for message in _messages(fields):
            if isinstance(message.get("content"), str):
                message["content"] = change(message["content"])

    return on_fields(change_prompt)


def _messages(fields: Fields) -> list[Fields]:
    messages = fields.get("messages")
    return messages if isinstance(messages, list) and all(isinstance(one, dict) for one in messages) else []


def _ascii_only(text: str) -> str:
    return text.encode("ascii", "replace").decode()


def _no_negative_limit(fields: Fields) -> None:
    for name in ("max_tokens", "max_completion_tokens"):
        if isinstance(fields.get(name), int) and fields[name] < 1:
            fields[name] = 1


def _clamped_temperature(fields: Fields) -> None:
    if isinstance(fields.get("temperature"), int | float):
        fields["temperature"] = min(max(fields["temperature"], 0), _TEMPERATURE_MAX)


def _known_role(fields: Fields) -> None:
    for message in _messages(fields):
        if message.get("role") not in {"system", "developer", "user", "assistant", "tool", "function"}:
            message["role"] = "user"


def _any_model() -> Plant:
    async def spoil(request: Request, send: Send) -> Answer:
        answer = await send(request)
        if is_chat(request) and answer.status == HTTPStatus.NOT_FOUND and isinstance(request.fields.get("model"), str):
            request.fields = {**request.fields, "model": await _known_model(request, send)}
            return await send(request)
        return answer

    return lambda: spoil


def _any_json() -> Plant:
    async def spoil(request: Request, send: Send) -> Answer:
        if is_chat(request) and not _is_json(request.body):
            model = await _known_model(request, send)
            request.fields = {"model": model, "messages": [{"role": "user", "content": "Hello."}], "max_tokens": 1}
        return await send(request)

    return lambda: spoil


async def _known_model(request: Request, send: Send) -> str:
    listed = type(request)("GET", "/v1/models", request.headers.copy(), b"", request.valid_key)
    listed.headers.popall("content-type", None)
    models = (json_object(await (await send(listed)).read()) or {}).get("data") or [{"id": ""}]
    return str(models[0]["id"])


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


CONVERSATIONS: Final = (
    Defect(
        "system message dropped",
        "The rules of the application are not kept.",
        ("FLDS-005",),
        on_fields(_no_system),
        ("request.messages",),
    ),
    Defect(
        "history dropped",
        "The model has forgotten what was said before.",
        ("FLDS-006", "FLDS-007"),
        on_fields(_last_only),
        ("request.messages",),
    ),
    Defect(
        "answers dropped from the history",
        "The model does not know what it said itself.",
        ("FLDS-006",),
        on_fields(_no_answers),
        ("request.messages",),
    ),
    Defect(
        "long prompt cut",
        "A document's end is never read, and the answer is about its beginning.",
        ("FLDS-008", "CTXT-001", "CTXT-003"),
        _on_prompt(lambda text: text[:_CUT_CHARACTERS]),
        ("request.messages",),
    ),
    Defect(
        "prompt's letters beyond ASCII replaced",
        "Questions in most of the world's languages arrive as question marks.",
        ("FLDS-010",),
        _on_prompt(_ascii_only),
        ("request.messages",),
    ),
    Defect(
        "prompt's characters decomposed",
        "Names and words no longer equal those of the database.",
        ("FLDS-010",),
        _on_prompt(lambda text: unicodedata.normalize("NFD", text)),
        ("request.messages",),
    ),
    Defect(
        "prompt's spaces merged",
        "Indented code loses its indentation.",
        ("FLDS-010",),
        _on_prompt(lambda text: _SPACES.sub(" ", text)),
        ("request.messages",),
    ),
    Defect(
        "prompt's line breaks lost",
        "Tables, code and lists arrive as one line.",
        ("FLDS-010",),
        _on_prompt(lambda text: text.replace("\n", " ")),
        ("request.messages",),
    ),
    Defect(
        "unknown model answered by another",
        "A misspelt model is answered, and billed, by another one.",
        ("ANSW-012", "ERRF-003", "SDKC-005", "MODL-003", "ANSW-013"),
        _any_model(),
        ("request", "answer"),
    ),
    Defect(
        "malformed JSON accepted",
        "A broken client is never told that it is broken.",
        ("ERRB-001", "ERRB-002", "ERRB-003"),
        _any_json(),
        ("request", "answer"),
    ),
    Defect(
        "negative max_tokens accepted",
        "A mistake in the client is answered by a nonsense answer.",
        ("ERRN-004",),
        on_fields(_no_negative_limit),
        ("request.max_tokens", "request.max_completion_tokens"),
    ),
    Defect(
        "temperature of 5 accepted",
        "A mistake in the client is hidden, and the answer is of another temperature.",
        ("ERRN-001", "SDKC-004"),
        on_fields(_clamped_temperature),
        ("request.temperature",),
    ),
    Defect(
        "unknown role accepted",
        "A misspelt `system` becomes the words of the user.",
        ("ERRF-005",),
        on_fields(_known_role),
        ("request.messages",),
    ),
)
