"""Servers that let in whom they must refuse, or repeat a key."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from keywords.engine.defects.changes import on_request
from keywords.engine.defects.defect import Defect
from keywords.engine.defects.exchange import json_object

if TYPE_CHECKING:
    from keywords.engine.defects.exchange import Answer, Plant, Request, Send

_PREFIX: Final = 8


def any_key(request: Request) -> None:
    """Let in each client with a key."""
    if request.key is not None:
        request.key = request.valid_key


def everyone(request: Request) -> None:
    """Let in each client."""
    request.key = request.valid_key


def _no_key(request: Request) -> None:
    if request.key is None:
        request.key = request.valid_key


def _models_without_key(request: Request) -> None:
    if request.path.startswith("/v1/models"):
        request.key = request.valid_key


def _first_letters(request: Request) -> None:
    secret = (request.key or "").removeprefix("Bearer ")
    if secret.startswith(request.valid_key[:_PREFIX]):
        request.key = request.valid_key


def _repeated(*, wrong: bool) -> Plant:
    """Name the client's key in errors: in those about a wrong key, or in all others."""

    async def spoil(request: Request, send: Send) -> Answer:
        answer = await send(request)
        refused = answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
        if answer.status < HTTPStatus.BAD_REQUEST or refused is not wrong or request.key is None:
            return answer
        error = (value := json_object(await answer.read()) or {}).get("error")
        if isinstance(error, dict) and isinstance(error.get("message"), str):
            error["message"] += f" Your key: {request.key.removeprefix('Bearer ')}"
            answer.replace_object(answer.status, value)
        return answer

    return lambda: spoil


KEYS: Final = (
    Defect(
        "any key accepted",
        "Strangers use the service at the owner's cost.",
        ("KEYS-001", "KEYS-005", "KEYS-006"),
        on_request(any_key),
        ("request.header.authorization", "answer"),
    ),
    Defect(
        "no key needed",
        "Whoever finds the address uses the service.",
        ("KEYS-001", "KEYS-006"),
        on_request(_no_key),
        ("request.header.authorization", "answer"),
    ),
    Defect(
        "keys ignored",
        "The service is open to everyone.",
        ("KEYS-001", "KEYS-005", "KEYS-006"),
        on_request(everyone),
        ("request.header.authorization", "answer"),
    ),
    Defect(
        "models listed without a key",
        "Strangers learn what is served.",
        ("KEYS-001", "KEYS-006"),
        on_request(_models_without_key),
        ("request.header.authorization", "answer"),
    ),
    Defect(
        "only the first letters of a key compared",
        "A key can be guessed letter by letter.",
        ("KEYS-005",),
        on_request(_first_letters),
        ("request.header.authorization", "answer"),
    ),
    Defect(
        "wrong key repeated in its refusal",
        "A mistyped key, nearly right, stands in logs and screenshots.",
        ("KEYS-002", "KEYS-007"),
        _repeated(wrong=True),
        ("answer.error.message",),
    ),
    Defect(
        "right key repeated in errors",
        "A working key stands in logs and screenshots.",
        ("KEYS-007",),
        _repeated(wrong=False),
        ("answer.error.message",),
    ),
)
