"""The context of one request, from its first bytes to its end."""

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
"""The key of the `RequestContext` in the ASGI scope."""


@dataclass(slots=True, eq=False)
class RequestContext:
    """What the layers share about one request.

    The gateway's HTTP protocol creates it when the head is complete, else the middleware does. The middleware fills in
    the rest.

    Attributes:
        completed_at: `time.perf_counter()` when the last byte of the request was read; 0 while not known.
        on_disconnect: callbacks for the client's disconnect; None if the server does not report it.
        write_now: writes a part of the answer's body if that needs no wait; None if the server cannot.
        record: of the request, for log, ledger, metrics and traces.
        format: of the client.
        key: of the client; unset where none is required.
        reservation: what the request has reserved of its key's limits; None before that.
    """

    completed_at: float = 0.0
    on_disconnect: set[Callable[[], object]] | None = None
    write_now: WriteNow | None = None
    record: RequestRecord = field(init=False)
    format: Format = field(init=False)
    key: Key = field(init=False)
    reservation: Reservation | None = None
