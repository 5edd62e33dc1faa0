"""OpenAI's `x-ratelimit-*` headers (platform.openai.com/docs/guides/rate-limits, "Rate limits in headers")."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.auth import Key
    from gateway.limit_store import Verdict

_MINUTE_S = 60


def headers(key: Key, verdict: Verdict, window_s: float) -> list[tuple[bytes, bytes]]:
    """What the key may do, what it has left, and when all of it is there again; nothing of limits it does not have.

    Args:
        key: whose request was decided on.
        verdict: what it has left.
        window_s: seconds in which a used-up limit becomes whole.
    """
    found: list[tuple[bytes, bytes]] = []
    for limit, left, name in ((key.rpm, verdict.requests, b"requests"), (key.tpm, verdict.tokens, b"tokens")):
        if limit is not None:
            reset_s = (limit - left) * window_s / limit
            found += (
                (b"x-ratelimit-limit-" + name, b"%d" % limit),
                (b"x-ratelimit-remaining-" + name, b"%d" % max(0, left)),
                (b"x-ratelimit-reset-" + name, span(reset_s).encode()),
            )
    return found


def span(seconds: float) -> str:
    """A time as OpenAI writes it: `120ms`, `1.5s`, `6m0s`; rounded up to milliseconds, so that waiting it is enough."""
    milliseconds = -int(-seconds * 1000 // 1)
    if milliseconds < 1000:  # noqa: PLR2004  # of a second
        return f"{max(0, milliseconds)}ms"
    minutes, rest = divmod(milliseconds / 1000, _MINUTE_S)
    return f"{minutes:.0f}m{rest:g}s" if minutes else f"{rest:g}s"
