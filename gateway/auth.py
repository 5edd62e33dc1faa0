"""Who may ask: `Authorization: Bearer <key>` against the keys of `GATEWAY_API_KEYS`."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import TYPE_CHECKING

from gateway.errors import InvalidApiKey

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import SecretStr
    from starlette.types import Scope


class KeyRing:
    """The keys that clients may use; an empty one lets everyone in.

    Args:
        keys: the keys; only their SHA-256 is kept.
    """

    def __init__(self, keys: Iterable[SecretStr]) -> None:
        self._digests = [sha256(key.get_secret_value().encode()).digest() for key in keys]

    def check(self, scope: Scope) -> None:
        """Let the request pass, or not; the time it takes tells nothing about the keys.

        Raises:
            InvalidApiKey: no bearer key, or an unknown one.
        """
        if not self._digests:
            return
        header = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        scheme, _, key = header.partition(b" ")
        if scheme.lower() != b"bearer" or not key.strip():
            raise InvalidApiKey("You didn't provide an API key. Send the header Authorization: Bearer YOUR_KEY.")
        digest = sha256(key.strip()).digest()
        # A sum, not any(): every key is compared whatever the one before gave.
        if not sum(hmac.compare_digest(digest, known) for known in self._digests):
            raise InvalidApiKey("Incorrect API key provided. Ask whoever runs this gateway for a key.")
