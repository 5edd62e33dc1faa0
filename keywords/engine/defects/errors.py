"""Servers whose errors have the wrong status or form."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from keywords.engine.defects.defect import Defect
from keywords.engine.defects.exchange import json_object

if TYPE_CHECKING:
    from collections.abc import Callable

    from keywords.engine.defects.exchange import Answer, Plant, Request, Send

_TRACEBACK: Final = (
    ' Traceback (most recent call last):\n  File "/srv/app/routes/chat.py", line 87, in create\n'
    "    raise ValueError(field)\nValueError: temperature"
)


def _on_error(change: Callable[[Answer, dict[str, Any]], None], *statuses: int) -> Plant:
    """Change answers that are errors in OpenAI's form.

    Args:
        change: gets the answer and its body.
        statuses: of the errors; all from 400 if left out.
    """

    async def spoil(request: Request, send: Send) -> Answer:
        answer = await send(request)
        if answer.status in statuses or (not statuses and answer.status >= HTTPStatus.BAD_REQUEST):
            body = json_object(await answer.read()) or {}
            if isinstance(body.get("error"), dict):
                change(answer, body)
        return answer

    return lambda: spoil


def _status(status: int) -> Callable[[Answer, dict[str, Any]], None]:
    def change(answer: Answer, _body: dict[str, Any]) -> None:
        answer.status = status

    return change


def _error(change: Callable[[dict[str, Any]], None]) -> Callable[[Answer, dict[str, Any]], None]:
    def change_error(answer: Answer, body: dict[str, Any]) -> None:
        change(body["error"])
        answer.replace_object(answer.status, body)

    return change_error


def _plain(answer: Answer, body: dict[str, Any]) -> None:
    answer.replace(answer.status, str(body["error"].get("message")).encode(), "text/plain; charset=utf-8")


def _page(answer: Answer, _body: dict[str, Any]) -> None:
    page = f"<html><body><h1>{answer.status}</h1><hr>nginx</body></html>"
    answer.replace(answer.status, page.encode(), "text/html")


def _bare_message(answer: Answer, body: dict[str, Any]) -> None:
    answer.replace(answer.status, json.dumps({"error": body["error"].get("message")}).encode())


def _detail(answer: Answer, body: dict[str, Any]) -> None:
    answer.replace(answer.status, json.dumps({"detail": body["error"].get("message")}).encode())


def _traceback(error: dict[str, Any]) -> None:
    error["message"] = f"{error.get('message')}{_TRACEBACK}"


ERRORS: Final = (
    Defect(
        "500 in place of 400",
        "Clients repeat a request that can never succeed, and the operator is woken.",
        ("ERRB-001", "ERRF-001"),
        _on_error(_status(500), 400),
        ("answer.status",),
    ),
    Defect(
        "errors under 200",
        "A failure passes for an answer.",
        ("ERRB-001", "ERRF-001"),
        _on_error(_status(200)),
        ("answer.status",),
    ),
    Defect(
        "400 in place of 401",
        "Clients do not learn that their key is wrong.",
        ("KEYS-001", "SDKC-006"),
        _on_error(_status(400), 401),
        ("answer.status",),
    ),
    Defect(
        "errors as plain text",
        "Clients cannot tell the user what is wrong.",
        ("ERRB-001", "ERRF-001", "ANSW-013"),
        _on_error(_plain),
        ("answer.bytes", "answer.error", "answer.header.content-type"),
    ),
    Defect(
        "errors as a web page",
        "The user reads HTML instead of a reason.",
        ("ERRB-001", "ERRF-001", "ANSW-013"),
        _on_error(_page),
        ("answer.bytes", "answer.error", "answer.header.content-type"),
    ),
    Defect(
        "errors are a bare text",
        "Clients that read `error.message` break while they report the error.",
        ("ERRB-001", "ERRF-001", "ANSW-013"),
        _on_error(_bare_message),
        ("answer.error",),
    ),
    Defect(
        "errors under another name",
        "Clients that look for `error` find none.",
        ("ERRB-001", "ERRF-001", "ANSW-013"),
        _on_error(_detail),
        ("answer.error", "answer.detail"),
    ),
    Defect(
        "errors without a type",
        "Clients cannot tell kinds of errors apart.",
        ("ERRB-001", "ERRF-001", "ANSW-013"),
        _on_error(_error(lambda error: error.pop("type", None))),
        ("answer.error.type",),
    ),
    Defect(
        "errors without the field",
        "The user is not told which of forty fields is wrong.",
        ("ERRF-001", "ERRF-003", "ERRB-001"),
        _on_error(_error(lambda error: error.update(param=None))),
        ("answer.error.param",),
    ),
    Defect(
        "errors without a message",
        "The user is told nothing.",
        ("ERRB-001", "ERRF-001", "ANSW-013"),
        _on_error(_error(lambda error: error.update(message=""))),
        ("answer.error.message",),
    ),
    Defect(
        "a traceback in errors",
        "Strangers learn the insides of the service.",
        ("WIRE-007",),
        _on_error(_error(_traceback)),
        ("answer.error.message",),
    ),
    Defect(
        "unknown addresses answered with 200",
        "A misspelt address passes for a working one.",
        ("ERRA-001", "MODL-003", "ANSW-012", "WIRE-001"),
        _on_error(_status(200), 404),
        ("answer.status",),
    ),
    Defect(
        "wrong methods answered with 200",
        "A wrong call passes for a working one.",
        ("ERRA-002", "WIRE-001"),
        _on_error(_status(200), 405),
        ("answer.status",),
    ),
)
