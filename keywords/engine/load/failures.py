"""Failures of requests in a load run: their classes, and messages without secrets."""

from __future__ import annotations

import errno
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from keywords.engine.http.exchange import parse_json
from keywords.engine.redaction.forms import SHORTEST
from keywords.engine.redaction.secrets import SECRETS

if TYPE_CHECKING:
    from keywords.engine.load.sample import ErrorClass

_SHOWN = 200
_SEARCHED = 16_384
"""Characters that are searched for secrets before the text is cut; a key in the form of a token has some 2,000."""
_RESOURCES = frozenset({errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS, errno.ENOMEM})


class Failure(NamedTuple):
    """Why a request failed."""

    error: ErrorClass
    message: str


def of_status(status: int, body: bytes) -> Failure:
    """The failure that a status of 400 or more means, with what the body says of it."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        error: ErrorClass = "rate_limited"
    elif status == HTTPStatus.SERVICE_UNAVAILABLE:
        error = "overloaded"
    elif status < HTTPStatus.INTERNAL_SERVER_ERROR:
        error = "client_error"
    else:
        error = "server_error"
    return Failure(error, f"{status}: {_said(body)}")


def is_exhaustion(error: OSError) -> bool:
    """Whether this machine, not the server, lacks what the connection needs: file descriptors, ports, memory."""
    return error.errno in _RESOURCES


def describe(said: object) -> str:
    """What was said, shortened and without secrets, for a message."""
    if isinstance(said, bytes):
        said = said[:_SEARCHED].decode(errors="backslashreplace")
    return _cleaned(str(said)[:_SEARCHED]) or "(empty)"


def shortened(text: str, most: int) -> str:
    """The beginning of a text without secrets; a piece of one that were cut first would not be known as one."""
    if len(text) < SHORTEST or SECRETS.is_clean(text):
        return text[:most]
    return _searched(text[:_SEARCHED])[:most]


@lru_cache(maxsize=256)
def _said(body: bytes) -> str:
    """The error's own message; an overloaded server says the same thousands of times."""
    try:
        content = parse_json(body)
    except ValueError:
        return describe(body)
    error = content.get("error", content) if isinstance(content, dict) else content
    return describe((error.get("message") or error) if isinstance(error, dict) else error)


@lru_cache(maxsize=256)
def _searched(text: str) -> str:
    return SECRETS.clean(text)


@lru_cache(maxsize=256)
def _cleaned(text: str) -> str:
    clean = " ".join(SECRETS.clean(text).split())
    return f"{clean[:_SHOWN]}…" if len(clean) > _SHOWN else clean
