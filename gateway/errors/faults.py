"""Whose fault a failure is, and what follows from it: the one table that errors, retries and breakers read.

    fault                 whose     breaker   then    client hears                retry
    GATEWAY               gateway   nothing   stop    500 internal_error          advised
    MALFORMED             client    nothing   stop    400                         no
    TOO_LONG              client    success   stop    400 context_length_exceeded no
    REJECTED              client    success   stop    the backend's own 4xx       no
    UNSUPPORTED           nobody    nothing   other   400                         no
    UNSUPPORTED_THERE     nobody    success   other   400                         no
    BUSY                  nobody    success   again   the backend's own 4xx       advised
    CONFLICT              nobody    success   again   the backend's own 4xx       advised
    UNEXPLAINED           nobody    nothing   other   502 backend_refused         no
    OUT_OF_TIME           nobody    nothing   stop    504 backend_timeout         advised
    UNTRANSLATABLE        nobody    success   stop    502 backend_bad_answer      no
    KEY_REFUSED           key       failure   other   502 backend_refused         no
    WRONG_ADDRESS         key       failure   other   502 backend_refused         no
    UNREACHABLE           backend   failure   again   502 backend_refused         advised
    FAILED                backend   failure   again   502 backend_error           advised
    BAD_ANSWER            backend   failure   other   502 backend_bad_answer      no
    DISCONNECTED          backend   failure   again   502 backend_disconnected    advised
    UNAVAILABLE           backend   failure   again   503 backend_unavailable     advised
    TIMED_OUT             backend   failure   again   504 backend_timeout         advised

`key` is the operator's part: the gateway's key, account and address for the backend. What a client can cause with its
request alone never counts as a failure of the backend, else one client takes it from all others. A backend of the
route that cannot take the request, or whose key is wrong, says nothing about the next one, so that one is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

Whose = Literal["client", "backend", "key", "nobody", "gateway"]
ForBreaker = Literal["failure", "success", "nothing"]
Then = Literal["stop", "other", "again"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to fail.

    Attributes:
        whose: whose fault it is.
        breaker: what it tells the backend's breaker: `success` is a backend that works and refuses, `nothing` one that
            was not asked, or about which the failure says nothing.
        then: `stop` tells the client; `other` asks the next backends, but not this one again; `again` asks this one
            again too, as often as `[retries]` says.
        status: HTTP status for the client; None for the backend's own.
        code: code for the client, where the backend gives none.
        retry: `x-should-retry`; None leaves it to Retry-After and to whether the gateway has repeated already.
        may_cool_down: whether its Retry-After holds for other requests to the backend's model too.
    """

    whose: Whose
    breaker: ForBreaker
    then: Then
    status: int | None
    code: str | None
    retry: bool | None = None
    may_cool_down: bool = False

    @property
    def may_pass(self) -> bool:
        """Whether the same request to the same backend may succeed later."""
        return self.then == "again"


GATEWAY = Fault("gateway", "nothing", "stop", 500, "internal_error")
"""A failure of the gateway itself, or its own refusal."""
MALFORMED = Fault("client", "nothing", "stop", 400, None, retry=False)
"""The request is malformed or out of bounds."""
TOO_LONG = Fault("client", "success", "stop", 400, "context_length_exceeded", retry=False)
"""The prompt does not fit into the model's context."""
REJECTED = Fault("client", "success", "stop", None, "backend_rejected", retry=False)
"""The backend refused the request for what stands in it, such as a prompt that its moderation flagged."""
UNSUPPORTED = Fault("nobody", "nothing", "other", 400, None, retry=False)
"""The backend's format cannot carry the request; nothing was sent."""
UNSUPPORTED_THERE = Fault("nobody", "success", "other", 400, "backend_rejected", retry=False)
"""The backend said that it lacks what the request needs."""
BUSY = Fault("nobody", "success", "again", None, "backend_rejected", may_cool_down=True)
"""The backend refused for now."""
CONFLICT = Fault("nobody", "success", "again", None, "backend_rejected")
"""The request met the backend in a state that passes, and its wait holds for this request alone."""
UNEXPLAINED = Fault("nobody", "nothing", "other", 502, "backend_refused", retry=False)
"""A 4xx without a reason, as of a proxy or a firewall: perhaps the address is wrong, perhaps the request."""
OUT_OF_TIME = Fault("nobody", "nothing", "stop", 504, "backend_timeout")
"""`timeouts.total_s` passed while the backend was at work, or other attempts had taken the time."""
UNTRANSLATABLE = Fault("nobody", "success", "stop", 502, "backend_bad_answer", retry=False)
"""The gateway cannot write a model's answer in the client's format."""
KEY_REFUSED = Fault("key", "failure", "other", 502, "backend_refused", retry=False)
"""The backend refused the gateway's key or account."""
WRONG_ADDRESS = Fault("key", "failure", "other", 502, "backend_refused", retry=False)
"""There is no such service under the configured address."""
UNREACHABLE = Fault("backend", "failure", "again", 502, "backend_refused")
"""No connection could be made."""
FAILED = Fault("backend", "failure", "again", 502, "backend_error")
"""The backend's own 5xx."""
BAD_ANSWER = Fault("backend", "failure", "other", 502, "backend_bad_answer", retry=False)
"""The backend sent something that is not an answer to the request."""
DISCONNECTED = Fault("backend", "failure", "again", 502, "backend_disconnected")
"""The backend closed the connection before its answer was complete."""
UNAVAILABLE = Fault("backend", "failure", "again", 503, "backend_unavailable", may_cool_down=True)
"""The backend is loading, restarting or overloaded."""
TIMED_OUT = Fault("backend", "failure", "again", 504, "backend_timeout")
"""The backend kept silent beyond a limit of `[timeouts]`."""

_OF_STATUS = {
    **dict.fromkeys((401, 403, 407), KEY_REFUSED),
    402: KEY_REFUSED,
    405: WRONG_ADDRESS,
    408: TIMED_OUT,
    409: CONFLICT,
    413: REJECTED,
    429: BUSY,
    501: UNSUPPORTED_THERE,
    503: UNAVAILABLE,
    504: TIMED_OUT,
    # Anthropic's: the whole service is overloaded, not one account.
    529: UNAVAILABLE,
}


def fault_of_status(status: int, *, explained: bool) -> Fault:
    """The fault for a backend's HTTP status, where its text says no more.

    Args:
        status: any status but 2xx.
        explained: whether the body holds an error object, as an API sends it; a proxy's page is none.
    """
    if status == HTTPStatus.NOT_FOUND or status < HTTPStatus.BAD_REQUEST:
        return REJECTED if explained and status == HTTPStatus.NOT_FOUND else WRONG_ADDRESS
    if status == HTTPStatus.NOT_IMPLEMENTED and not explained:
        return FAILED
    if status == HTTPStatus.FORBIDDEN and not explained:
        return UNEXPLAINED
    default = FAILED if status >= HTTPStatus.INTERNAL_SERVER_ERROR else REJECTED if explained else UNEXPLAINED
    return _OF_STATUS.get(status, default)
