"""A request on its way to a sound server, and the answer on its way back, as a defect sees and changes them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from multidict import CIMultiDict

KEY_HEADERS = ("authorization", "x-api-key")
"""The headers of OpenAI and Anthropic for the client's key."""


@dataclass(slots=True)
class Request:
    """A client's request.

    Attributes:
        method: its method.
        path: path and query, as sent.
        headers: its headers, without those of the connection.
        body: its body.
        valid_key: a key that the server accepts.
    """

    method: str
    path: str
    headers: CIMultiDict[str]
    body: bytes
    valid_key: str = field(repr=False)

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of a JSON body; empty for any other body."""
        return json_object(self.body) or {}

    @fields.setter
    def fields(self, fields: dict[str, Any]) -> None:
        self.body = json.dumps(fields).encode()

    @property
    def key(self) -> str | None:
        """The client's key as it stands in its header; None if it sent none."""
        return next((self.headers[name] for name in KEY_HEADERS if name in self.headers), None)

    @key.setter
    def key(self, secret: str) -> None:
        for name in KEY_HEADERS:
            self.headers.popall(name, None)
        self.headers["authorization"] = f"Bearer {secret}"


@dataclass(slots=True)
class Answer:
    """The server's answer.

    Attributes:
        status: its status.
        headers: its headers, without those of the connection.
        parts: its body; the events of a stream with their closing empty lines, else the whole.
        is_stream: whether it is a stream of events.
        breaks_off: whether the connection is reset after the last part.
        closes: whether the connection is closed after the last part, without a header that says so.
    """

    status: int
    headers: CIMultiDict[str]
    parts: AsyncIterator[bytes]
    is_stream: bool = False
    breaks_off: bool = False
    closes: bool = False

    async def read(self) -> bytes:
        """The whole body, which can be read again."""
        body = b"".join([part async for part in self.parts])
        self.parts = one_part(body)
        return body

    def replace(self, status: int, body: bytes, content_type: str = "application/json") -> None:
        """Put another answer in its place; the other headers stay."""
        self.status, self.parts, self.is_stream = status, one_part(body), False
        self.headers["content-type"] = content_type

    def replace_object(self, status: int, value: dict[str, Any]) -> None:
        """Put a JSON object in its place; the headers stay."""
        self.replace(status, json.dumps(value).encode(), self.headers.get("content-type", "application/json"))


if TYPE_CHECKING:
    Send = Callable[[Request], Awaitable[Answer]]
    Spoil = Callable[[Request, Send], Awaitable[Answer]]
    Plant = Callable[[], Spoil]


async def one_part(body: bytes) -> AsyncIterator[bytes]:
    """A body of one part."""
    yield body


def json_object(body: bytes) -> dict[str, Any] | None:
    """A JSON object; None if it is anything else."""
    try:
        value = json.loads(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
