"""Insides of a service that its errors may reveal."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

_PATTERNS: Final = {
    "a traceback": re.compile(r"Traceback \(most recent call last\)|goroutine \d+ \[|thread '[^']*' panicked"),
    "a frame of a call stack": re.compile(r'File "[^"]+", line \d+|\bat [\w$.<>]+\([\w.]*:?\d*\)|\n\s+at [\w.$]+'),
    "a place in source code": re.compile(
        r"[\w/.-]+\.(?:py|pyc|go|rs|cc|cpp|hpp|java|js|ts|rb|php)(?::\d+|\b, line \d+)"
    ),
    "the path of a file": re.compile(
        r"(?<![\w.:/])/(?:app|etc|home|lib|mnt|opt|root|srv|tmp|usr|var|workspace|Users)/[\w./-]+|\b[A-Z]:\\\\?[\w\\]+"
    ),
}
_ADDRESS: Final = re.compile(
    r"\b(?:127(?:\.\d{1,3}){3}|10(?:\.\d{1,3}){3}|192\.168(?:\.\d{1,3}){2}|172\.(?:1[6-9]|2\d|3[01])(?:\.\d{1,3}){2}"
    r"|localhost)(?::\d+)\b"
)


def revealed_insides(text: str, url: str) -> list[str]:
    """What a text reveals of the service behind it, one entry each: what it is, and the text.

    Args:
        text: the body of an error.
        url: the address that the client knows; it is no inside.
    """
    found = [
        f"{what} ({match[0].strip()[:80]!r})" for what, pattern in _PATTERNS.items() if (match := pattern.search(text))
    ]
    known = urlsplit(url).netloc.rpartition("@")[2]
    others = [address for address in _ADDRESS.findall(text) if address != known]
    return [*found, *(f"the address of another process ({address!r})" for address in others[:1])]
