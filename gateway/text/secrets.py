"""Hides secrets in texts that others wrote, such as the error messages of a backend that repeats the gateway's key."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

HIDDEN = "<key>"
# A part of a key that is this long is hidden too: the text may have been cut within the key, by any server on its way.
_PART = 8
# Longer texts are cut before they are searched. Twenty times what a message may hold, so that what is hidden in it,
# which shortens it, brings nothing into the message that was not searched.
_SEARCHED = 10_000
_KEPT = 4


class SecretFilter:
    """Hides some secrets and their parts of at least eight characters.

    It remembers the latest four: a token that is renewed may still be repeated by a request that carried the old one.

    Args:
        secrets: the secrets; empty ones are ignored.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = deque(filter(None, secrets))

    def add(self, secret: str) -> None:
        """Hide one more secret."""
        if secret and secret not in self._secrets:
            self._secrets.append(secret)
            while len(self._secrets) > _KEPT:
                self._secrets.popleft()

    def hide(self, text: str) -> str:
        """The beginning of a text, at most 10,000 characters, with `<key>` in place of each secret and part of one."""
        text = text[:_SEARCHED]
        parts = set[str]()
        for secret in self._secrets:
            if len(secret) < _PART:
                text = text.replace(secret, HIDDEN)
            parts.update(secret[start : start + _PART] for start in range(len(secret) - _PART + 1))
        pieces, shown, start = list[str](), 0, 0
        while start <= len(text) - _PART:
            if text[start : start + _PART] not in parts:
                start += 1
                continue
            end = start + _PART
            while text[end - _PART + 1 : end + 1] in parts:
                end += 1
            pieces += [text[shown:start], HIDDEN]
            shown = start = end
        return "".join([*pieces, text[shown:]])
