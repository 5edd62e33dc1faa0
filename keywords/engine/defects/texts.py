"""Servers that damage the model's text, or the bytes that carry it."""

from __future__ import annotations

import gzip
import html
import unicodedata
from typing import TYPE_CHECKING, Final

from keywords.engine.defects.changes import (
    is_chat,
    on_answer,
    on_body,
    on_event_objects,
    on_events,
    on_texts,
    texts,
)
from keywords.engine.defects.defect import Defect

if TYPE_CHECKING:
    from keywords.engine.defects.changes import Events, Fields
    from keywords.engine.defects.exchange import Answer, Request

_TEXT: Final = ("answer.choices.message.content", "stream.choices.delta.content")


def _ascii_only(text: str) -> str:
    return text.encode("ascii", "replace").decode()


def _plain_text(request: Request, answer: Answer) -> None:
    if is_chat(request) and answer.headers.get("content-type", "").startswith("application/json"):
        answer.headers["content-type"] = "text/plain; charset=utf-8"


def _plain_stream(request: Request, answer: Answer) -> None:
    if is_chat(request) and answer.is_stream:
        answer.headers["content-type"] = "text/plain; charset=utf-8"


def _latin1(body: bytes) -> bytes:
    return body.decode("utf-8").encode("latin-1", "replace")


async def _latin1_events(events: Events) -> Events:
    async for event in events:
        yield _latin1(event)


def _trim_events(event: Fields) -> None:
    for holder, name, text in texts(event):
        holder[name] = text.lstrip(" ")


TEXTS: Final = (
    Defect(
        "answer's letters beyond ASCII replaced",
        "Answers in most of the world's languages are full of question marks.",
        ("ANSW-006",),
        on_texts(_ascii_only),
        _TEXT,
    ),
    Defect(
        "answer's characters decomposed",
        "Text looks right and is never found by a search.",
        ("ANSW-006",),
        on_texts(lambda text: unicodedata.normalize("NFD", text)),
        _TEXT,
    ),
    Defect(
        "answer's characters escaped for HTML",
        "Code and quotes in answers are unusable.",
        ("ANSW-006", "FLDS-003"),
        on_texts(html.escape),
        _TEXT,
    ),
    Defect(
        "answer's line breaks lost",
        "Lists, tables and code come as one line.",
        ("ANSW-006",),
        on_texts(lambda text: text.replace("\n", " ")),
        _TEXT,
    ),
    Defect(
        "leading space of each chunk lost",
        "Streamed words run together.",
        ("ANSW-007", "STRM-002"),
        on_event_objects(_trim_events),
        ("stream.choices.delta.content",),
    ),
    Defect(
        "JSON declared as plain text",
        "Clients that go by the content type hand over text where an object is expected.",
        ("ANSW-005",),
        on_answer(_plain_text),
        ("answer.header.content-type",),
    ),
    Defect(
        "stream declared as plain text",
        "Browsers' event sources refuse the stream, and proxies hold it back.",
        ("ANSW-005",),
        on_answer(_plain_stream),
        ("stream.header.content-type",),
    ),
    Defect(
        "answers in Latin-1",
        "Each letter beyond ASCII is unreadable or breaks the client's decoder.",
        ("ANSW-005", "ANSW-006"),
        on_body(_latin1),
        ("answer.body",),
    ),
    Defect(
        "streams in Latin-1",
        "Each streamed letter beyond ASCII is unreadable or breaks the client's decoder.",
        ("ANSW-005", "ANSW-007"),
        on_events(_latin1_events),
        ("stream.body",),
    ),
    Defect(
        "compressed without saying so",
        "Clients read bytes instead of JSON.",
        ("ANSW-005", "WIRE-005", "CHAT-001"),
        on_body(lambda body: gzip.compress(body, mtime=0)),
        ("answer.body",),
    ),
)
