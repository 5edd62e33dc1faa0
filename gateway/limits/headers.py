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
    """The limit, the rest and the time to a full refill, for each rate limit that the key has.

    Args:
        key: the key of the request.
        verdict: what the key has left.
        window_s: seconds in which an empty bucket refills.
    """
    lines: list[tuple[bytes, bytes]] = []
    for limit, left, names in ((key.rpm, verdict.requests, _REQUESTS), (key.tpm, verdict.tokens, _TOKENS)):
        if limit is not None:
            lines += (
                (names[0], b"%d" % limit),
                (names[1], b"%d" % max(0, int(left))),
                (names[2], span((limit - left) * window_s / limit).encode()),
            )
    return lines


def span(seconds: float) -> str:
    """A duration as OpenAI writes it: `120ms`, `1.5s`, `6m0s`; rounded up, so that a wait of it suffices."""
    milliseconds = ceil(seconds * _SECOND_MS)
    if milliseconds < _SECOND_MS:
        return f"{milliseconds}ms"
    minutes, rest = divmod(milliseconds / _SECOND_MS, _MINUTE_S)
    return f"{minutes:.0f}m{rest:g}s" if minutes else f"{rest:g}s"
