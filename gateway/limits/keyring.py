"""The keys that clients may use, from the environment and the key file."""

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
# Keys are looked up by this many bytes of their digest; the whole digest is compared in constant time.
_PREFIX_BYTES = 8
_NO_DIGEST = bytes(32)


@dataclass(frozen=True)
class Key(Budgets, RateLimits):
    """A client's key with its limits.

    Attributes:
        id: its name: `env-1` and so on for keys of the environment, `anonymous` where no key is needed.
    """

    id: str

    @cached_property
    def has_budget(self) -> bool:
        """Whether a budget is set."""
        return any(getattr(self, name) is not None for name in BUDGETS)

    @cached_property
    def is_limited(self) -> bool:
        """Whether any limit is set."""
        return self.has_budget or any(getattr(self, name) is not None for name in RATE_LIMITS)


class KeyRing:
    """The keys that clients may use.

    Without keys in the environment and without a key file, no key is needed.

    Args:
        keys: the keys of the environment; only their SHA-256 is kept.
        config: the key file, and the default limits of keys.

    Attributes:
        anonymous: the key of every client where no key is needed; None where one is.

    Raises:
        ConfigError: the key file is bad.
    """

    def __init__(self, keys: Iterable[SecretStr], config: KeysConfig) -> None:
        self._config = config
        self._of_environment = {
            sha256(key.get_secret_value().encode()).digest(): self.key_of(f"env-{number}")
            for number, key in enumerate(keys, 1)
        }
        self.anonymous = None if config.file or self._of_environment else self.key_of(ANONYMOUS)
        self._by_prefix: dict[bytes, tuple[bytes, Key]] = {}
        self.replace(key_file.read(config.file) if config.file else {})

    @property
    def is_open(self) -> bool:
        """Whether no key is needed."""
        return self.anonymous is not None

    @property
    def keys(self) -> list[Key]:
        """All accepted keys; the anonymous one alone where no key is needed."""
        return [self.anonymous] if self.anonymous else [key for _, key in self._by_prefix.values()]

    def withdraw(self, entries: Mapping[str, KeyEntry]) -> None:
        """Refuse the keys that are missing from these entries of the key file or revoked there; accept no new ones."""
        accepted = self._of_environment.keys() | {
            bytes.fromhex(entry.sha256) for entry in entries.values() if entry.revoked is None
        }
        self._by_prefix = {prefix: entry for prefix, entry in self._by_prefix.items() if entry[0] in accepted}

    def replace(self, entries: Mapping[str, KeyEntry]) -> None:
        """Replace the keys of the key file by these entries."""
        digests = dict(self._of_environment)
        digests |= {
            bytes.fromhex(entry.sha256): self.key_of(name, entry)
            for name, entry in entries.items()
            if entry.revoked is None
        }
        self._by_prefix = {digest[:_PREFIX_BYTES]: (digest, key) for digest, key in digests.items()}

    def check(self, secret: bytes) -> Key:
        """Look up the key of a client's secret; the duration reveals nothing about the keys.

        Args:
            secret: the secret of the request; empty if there is none.

        Raises:
            InvalidApiKey: no key, or an unknown or revoked one.
        """
        if self.anonymous:
            return self.anonymous
        if not secret:
            raise InvalidApiKey(
                "You didn't provide an API key. Send the header Authorization: Bearer YOUR_KEY, or x-api-key: YOUR_KEY."
            )
        digest = sha256(secret).digest()
        expected, key = self._by_prefix.get(digest[:_PREFIX_BYTES], (_NO_DIGEST, None))
        if not hmac.compare_digest(digest, expected) or key is None:
            raise InvalidApiKey("Incorrect API key provided. Ask whoever runs this gateway for a key.")
        return key

    def key_of(self, name: str, entry: KeyEntry | None = None) -> Key:
        """The key of an entry; limits that the entry does not set have their defaults."""
        limits = {limit: getattr(self._config, limit) for limit in RATE_LIMITS}
        if entry:
            own = {limit: getattr(entry, limit) for limit in (*RATE_LIMITS, *BUDGETS)}
            limits |= {limit: value for limit, value in own.items() if value is not None}
        return Key(name, **limits)
