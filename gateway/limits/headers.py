"""OpenAI's `x-ratelimit-*` headers (platform.openai.com/docs/guides/rate-limits, "Rate limits in headers")."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.limits.keyring import Key
    from gateway.limits.store import Verdict

_MINUTE_S = 60
_SECOND_MS = 1000
_REQUESTS = (b"x-ratelimit-limit-requests", b"x-ratelimit-remaining-requests", b"x-ratelimit-reset-requests")
_TOKENS = (b"x-ratelimit-limit-tokens", b"x-ratelimit-remaining-tokens", b"x-ratelimit-reset-tokens")


def headers(key: Key, verdict: Verdict, window_s: float) -> list[tuple[bytes, bytes]]:
    """What the key may do, what it has left, and when all of it is there again; nothing of limits it does not have.

    Args:
        key: whose request was decided on.
        verdict: what it has left.
        window_s: seconds in which a used-up limit becomes whole.
    """
    found: list[tuple[bytes, bytes]] = []
    for limit, left, (name, remaining, reset) in (
        (key.rpm, verdict.requests, _REQUESTS),
        (key.tpm, verdict.tokens, _TOKENS),
    ):
        if limit is not None:
            found += (
                (name, str(limit).encode()),
                (remaining, str(max(0, int(left))).encode()),
                (reset, span((limit - left) * window_s / limit).encode()),
            )
    return found


def span(seconds: float) -> str:
    """A time as OpenAI writes it: `120ms`, `1.5s`, `6m0s`; rounded up to milliseconds, so that waiting it is enough."""
    milliseconds = ceil(seconds * _SECOND_MS)
    if milliseconds < _SECOND_MS:
        return f"{milliseconds}ms"
    minutes, rest = divmod(milliseconds / _SECOND_MS, _MINUTE_S)
    return f"{minutes:.0f}m{rest:g}s" if minutes else f"{rest:g}s"
