"""The keys that clients may use: those of the environment and of the key file."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING

from gateway.config.keys import BUDGETS, RATE_LIMITS, Budgets, RateLimits
from gateway.errors.base import InvalidApiKey
from gateway.limits import key_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic import SecretStr

    from gateway.config.keys import KeysConfig
    from gateway.limits.key_file import KeyEntry

ANONYMOUS = "anonymous"
# Keys are found by so many bytes of their digest; the rest is compared in constant time.
_FOUND_BY = 8
_NOBODY = bytes(32)


@dataclass(frozen=True)
class Key(Budgets, RateLimits):
    """What one key may use.

    Attributes:
        id: its name: `env-1` and so on for those of the environment, `anonymous` where no key is needed.
    """

    id: str

    @cached_property
    def has_budget(self) -> bool:
        """A budget is set."""
        return any(getattr(self, name) is not None for name in BUDGETS)

    @cached_property
    def is_limited(self) -> bool:
        """Any limit is set."""
        return self.has_budget or any(getattr(self, name) is not None for name in RATE_LIMITS)


class KeyRing:
    """The keys that clients may use.

    With neither keys in the environment nor a file of keys, everyone is let in.

    Args:
        keys: those of the environment; only their SHA-256 is kept.
        config: the file of keys, and the limits of keys that have none of their own.

    Raises:
        ConfigError: the file of keys is bad.
    """

    def __init__(self, keys: Iterable[SecretStr], config: KeysConfig) -> None:
        self._config = config
        self._of_environment = {
            sha256(key.get_secret_value().encode()).digest(): self.key_of(f"env-{number}")
            for number, key in enumerate(keys, 1)
        }
        self._anonymous = None if config.file or self._of_environment else self.key_of(ANONYMOUS)
        self._found_by: dict[bytes, tuple[bytes, Key]] = {}
        self.replace(key_file.read(config.file) if config.file else {})

    @property
    def is_open(self) -> bool:
        """Everyone is let in."""
        return self._anonymous is not None

    @property
    def keys(self) -> list[Key]:
        """All keys that are accepted; where everyone is let in, the one under which everyone comes."""
        return [self._anonymous] if self._anonymous else [key for _, key in self._found_by.values()]

    def withdraw(self, entries: Mapping[str, KeyEntry]) -> None:
        """Refuse what these, the file's, no longer have or have as revoked; take nothing else from them."""
        accepted = self._of_environment.keys() | {
            bytes.fromhex(entry.sha256) for entry in entries.values() if entry.revoked is None
        }
        self._found_by = {prefix: found for prefix, found in self._found_by.items() if found[0] in accepted}

    def replace(self, entries: Mapping[str, KeyEntry]) -> None:
        """Take these for the keys of the file."""
        digests = dict(self._of_environment)
        digests |= {
            bytes.fromhex(entry.sha256): self.key_of(name, entry)
            for name, entry in entries.items()
            if entry.revoked is None
        }
        self._found_by = {digest[:_FOUND_BY]: (digest, key) for digest, key in digests.items()}

    def check(self, secret: bytes) -> Key:
        """The key that a client's secret is; the time it takes tells nothing about the keys.

        Args:
            secret: what the request brings; empty if it brings none.

        Raises:
            InvalidApiKey: no key, or an unknown or revoked one.
        """
        if self._anonymous:
            return self._anonymous
        if not secret:
            raise InvalidApiKey("You didn't provide an API key. Send the header Authorization: Bearer YOUR_KEY.")
        digest = sha256(secret).digest()
        known, key = self._found_by.get(digest[:_FOUND_BY], (_NOBODY, None))
        if not hmac.compare_digest(digest, known) or key is None:
            raise InvalidApiKey("Incorrect API key provided. Ask whoever runs this gateway for a key.")
        return key

    def key_of(self, name: str, entry: KeyEntry | None = None) -> Key:
        """A key with the limits of its entry, or else with those of all keys."""
        limits = {limit: getattr(self._config, limit) for limit in RATE_LIMITS}
        if entry:
            own = {limit: getattr(entry, limit) for limit in (*RATE_LIMITS, *BUDGETS)}
            limits |= {limit: value for limit, value in own.items() if value is not None}
        return Key(name, **limits)
