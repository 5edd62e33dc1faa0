"""What belongs to one request, from its socket to its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.backends.base import WriteNow
    from gateway.formats.base import Format
    from gateway.limits.admission import Reservation
    from gateway.limits.keyring import Key
    from gateway.request.record import RequestRecord

CONTEXT = "gateway"
"""Where it stands in the ASGI scope."""


@dataclass(slots=True, eq=False)
class RequestContext:
    """Made by the server when the head of a request has come, else by the middleware, which fills in the rest.

    Attributes:
        completed_at: `time.perf_counter()` when the last byte of the request was read; 0 while that is not known.
        on_disconnect: called when the client leaves; None if the server does not tell.
        write_now: writes a part of the answer's body if that needs no wait; None if the server cannot.
        record: what log, ledger, metrics and traces will tell of the request.
        format: the client's.
        key: the client's; unset where none is needed.
        reservation: what the request has taken of its key's limits; None before that.
    """

    completed_at: float = 0.0
    on_disconnect: set[Callable[[], object]] | None = None
    write_now: WriteNow | None = None
    record: RequestRecord = field(init=False)
    format: Format = field(init=False)
    key: Key = field(init=False)
    reservation: Reservation | None = None
