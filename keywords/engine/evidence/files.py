"""Files of a row's exchanges: requests, answers and times."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from keywords.engine.http.recorder import MASK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from keywords.engine.http.exchange import Exchange
    from keywords.engine.redaction.secrets import Secrets

    Redact = Callable[[bytes], bytes]

BODY_LIMIT = 1024 * 1024
"""Bytes that are kept of one body; its whole length and SHA-256 are always recorded."""
CHUNK_LIMIT = 5000
"""Arrival times that are kept of one stream."""
PIECES_SHOWN, PIECE_CHARACTERS = 200, 400
"""Pieces of a body that the row's page shows, and the characters of each."""


@dataclass(frozen=True, slots=True)
class WrittenBody:
    """One body on disk.

    Attributes:
        file: its name within the row's folder.
        bytes: its whole length.
        whole: False if the file was cut at `BODY_LIMIT` or a secret was removed from it.
        text: the stored part; None if it is not UTF-8.
    """

    file: str
    bytes: int
    whole: bool
    text: str | None


@dataclass(frozen=True, slots=True)
class WrittenExchange:
    """One exchange on disk: `<number>-exchange.json` and its bodies beside it.

    Attributes:
        pieces: the beginnings of the first pieces of the answer's body, without secrets, each after its seconds.
    """

    number: int
    exchange: Exchange
    file: str
    request: WrittenBody | None
    response: WrittenBody | None
    pieces: tuple[tuple[float, str], ...]

    @property
    def files(self) -> list[str]:
        """The names of all its files."""
        return [self.file, *(body.file for body in (self.request, self.response) if body)]


def write_json(path: Path, value: Any, redact: Redact) -> None:
    """Write a value as indented JSON without secrets."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    path.write_bytes(redact(text.encode("utf-8", "backslashreplace")) + b"\n")


def write_exchanges(folder: Path, numbered: Iterable[tuple[int, Exchange]], secrets: Secrets) -> list[WrittenExchange]:
    """Write exchanges into an existing folder.

    Args:
        folder: the row's evidence folder.
        numbered: the exchanges, each with its number within the row.
        secrets: what no file may contain.
    """
    return [_write_exchange(folder, number, exchange, secrets) for number, exchange in numbered]


def _write_exchange(folder: Path, number: int, exchange: Exchange, secrets: Secrets) -> WrittenExchange:
    stem = f"{number:02}"
    request = _write_body(folder, f"{stem}-request", exchange.request_body, secrets.redact(exchange.request_body))
    # Of the redacted body: a piece may hold a part of a secret.
    pieces = secrets.redact_pieces([chunk.data for chunk in exchange.chunks])
    content_type = exchange.response_headers.get("content-type", "")
    response = _write_body(folder, f"{stem}-response", exchange.body, b"".join(pieces), content_type)
    name = f"{stem}-exchange.json"
    started = datetime.fromtimestamp(exchange.started_at, UTC)
    facts = {
        "started_at": started.isoformat(),
        "request": {
            "method": exchange.method,
            "url": exchange.url,
            "headers": dict(exchange.request_headers),
            "body": _body_facts(request, exchange.request_body),
        },
        "response": {
            "status": exchange.status,
            "headers": {name: _shown_header(name, value) for name, value in exchange.response_headers.items()},
            "body": _body_facts(response, exchange.body),
        },
        "total_s": exchange.total_s,
        "failure": exchange.failure,
        "chunks": [{"at_s": round(c.at_s, 6), "bytes": len(c.data)} for c in exchange.chunks[:CHUNK_LIMIT]],
        "chunk_count": len(exchange.chunks),
    }
    write_json(folder / name, facts, secrets.redact)
    shown = tuple(
        (chunk.at_s, data.decode("utf-8", "replace").strip()[:PIECE_CHARACTERS])
        for chunk, data in zip(exchange.chunks[:PIECES_SHOWN], pieces, strict=False)
    )
    return WrittenExchange(number, exchange, name, request, response, shown)


def _shown_header(name: str, value: str) -> str:
    # The client sends it back as its cookie, which is masked too.
    return MASK if name == "set-cookie" else value


def _write_body(folder: Path, stem: str, body: bytes, redacted: bytes, content_type: str = "") -> WrittenBody | None:
    if not body:
        return None
    stored = redacted[:BODY_LIMIT]
    try:
        text = stored.decode()
    except UnicodeDecodeError:
        text = None
    name = f"{stem}.{_extension(text, content_type)}"
    (folder / name).write_bytes(stored)
    return WrittenBody(file=name, bytes=len(body), whole=stored == body, text=text)


def _extension(text: str | None, content_type: str) -> str:
    if text is None:
        return "bin"
    if content_type.startswith("text/event-stream"):
        return "sse"
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return "txt"
    return "json"


def _body_facts(written: WrittenBody | None, body: bytes) -> dict[str, Any] | None:
    if written is None:
        return None
    sha256 = hashlib.sha256(body).hexdigest()
    return {"file": written.file, "bytes": written.bytes, "whole": written.whole, "sha256": sha256}
