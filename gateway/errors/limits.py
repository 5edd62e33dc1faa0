"""Errors of limits; the rest of the tree stands in `gateway.errors.base`.

    GatewayError
    ├── RateLimited         429  rate_limit_exceeded, with Retry-After unless a wait is useless
    ├── QuotaUsedUp         429  insufficient_quota
    ├── Overloaded          503  gateway_overloaded, with Retry-After
    └── LimitsUnavailable   503  limits_unavailable, with Retry-After

Each carries `x-should-retry`, which OpenAI's clients obey before they look at the status.
"""

# ruff: file-ignore[N818]
# As in `gateway.errors.base`.

from __future__ import annotations

from math import ceil

from gateway.errors.base import RETRY_AFTER_S, GatewayError


class RateLimited(GatewayError):
    """A limit of the key is used up for now.

    Args:
        message: the limit, and the remedy.
        wait_s: seconds until the same request passes; None if it never does.
    """

    default_status = 429
    default_type = "rate_limit_error"
    default_code = "rate_limit_exceeded"

    def __init__(self, message: str, *, wait_s: float | None) -> None:
        if wait_s is None:
            super().__init__(message, headers={"x-should-retry": "false"})
            return
        super().__init__(
            message,
            headers={
                # `retry-after` holds whole seconds; OpenAI's clients prefer the milliseconds.
                "retry-after": str(max(1, ceil(wait_s))),
                "retry-after-ms": str(max(1, ceil(wait_s * 1000))),
                "x-should-retry": "true",
            },
        )


class QuotaUsedUp(GatewayError):
    """The budget of the key is spent, or too little is left for the request; a wait is useless."""

    default_status = 429
    default_type = "insufficient_quota"
    default_code = "insufficient_quota"

    def __init__(self, key: str, what: str) -> None:
        super().__init__(
            f"The budget of key '{key}', {what}, is used up, or too little of it is left for this request. "
            "Send a lower max_tokens, or ask whoever runs this gateway to raise the budget.",
            headers={"x-should-retry": "false"},
        )


class Overloaded(GatewayError):
    """The concurrency limiter's slots and queue are full, or the wait was too long."""

    default_status = 503
    default_code = "gateway_overloaded"

    def __init__(self, why: str) -> None:
        super().__init__(f"The gateway is overloaded: {why}. Send the request again in a moment.", headers=_SOON)


class LimitsUnavailable(GatewayError):
    """The shared store does not answer, so limits cannot be enforced."""

    default_status = 503
    default_code = "limits_unavailable"

    def __init__(self) -> None:
        super().__init__(
            "The store of the limits does not answer, and a key with limits is not let in without it. "
            "Send the request again in a moment; whoever runs this gateway should look at [shared].",
            headers=_SOON,
        )


_SOON = {"retry-after": str(RETRY_AFTER_S), "x-should-retry": "true"}
