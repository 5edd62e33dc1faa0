"""Addresses without user and password."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

_CREDENTIALS = re.compile(r"(?<=://)[^\s/?#]*@")


def without_credentials(url: str) -> str:
    """The address without user and password."""
    return _CREDENTIALS.sub("", url, count=1)


def credentials(url: str) -> set[str]:
    """The secrets in an address: its password, and `user:password`, as written and decoded; empty if it has none."""
    try:
        userinfo, _, _ = urlsplit(url).netloc.rpartition("@")
    except ValueError:
        return set()
    _, _, password = userinfo.partition(":")
    return {text for text in (userinfo, password, unquote(userinfo), unquote(password)) if text}
