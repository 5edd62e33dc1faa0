"""The tables of the configuration about the server and its requests: `[server]`, `[limits]`, `[timeouts]`."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from gateway.config.section import Seconds, Section

# A browser writes its page's origin so: in lower case, without a path, and without the scheme's own port.
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[a-z0-9._:\[\]-]+")
_USUAL_PORT = re.compile(r"http://.*:80|https://.*:443")


def _check_origin(value: str) -> str:
    if value != "*" and (not _ORIGIN.fullmatch(value) or _USUAL_PORT.fullmatch(value)):
        raise PydanticCustomError(
            "origin",
            "is no origin as browsers send it; write it like https://chat.example.org or http://localhost:3000, "
            'in lower case, without a path and the usual port, or "*" for every page',
        )
    return value


Origin = Annotated[str, AfterValidator(_check_origin)]
"""An origin as browsers send it, or `*`."""


class ServerConfig(Section):
    """Where the gateway listens, its workers, and its shutdown.

    Attributes:
        host: an address of this machine.
        port: 0 takes a free port.
        workers: number of worker processes.
        connections: the most connections of clients at once, of each worker; unset, what its limit of open files leaves
            if each of them takes another one to a backend, and 8192 at most.
        connections_per_address: the most of them from one address, or from one /64 network of IPv6; unset, any number,
            for behind a proxy all clients have its address.
        drain_s: how long requests under way may go on after the stop signal.
        watch: whether a change of its file reloads the configuration; SIGHUP does in any case.
        cors_origins: the origins of pages that may ask from a browser; `*` stands for every page.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65_535)
    workers: int = Field(default=1, ge=1, le=64)
    connections: int | None = Field(default=None, ge=1)
    connections_per_address: int | None = Field(default=None, ge=1)
    drain_s: float = Field(default=25.0, ge=0, le=86_400)
    watch: bool = True
    cors_origins: tuple[Origin, ...] = ()


class Limits(Section):
    """Limits of one request, and of all requests under way.

    Attributes:
        body_bytes: the largest body.
        json_depth: the deepest nesting of its JSON.
        messages: the most messages; unset, any number.
        in_flight: the most requests under way at once (slots), over all workers; unset, any number.
        queue: how many more may wait for a slot, over all workers.
        queue_wait_s: how long each of those may wait.
    """

    body_bytes: int = Field(default=16 * 1024 * 1024, ge=1024)
    # orjson writes 254 levels, fewer than it reads.
    json_depth: int = Field(default=100, ge=8, le=200)
    messages: int | None = Field(default=None, ge=1)
    in_flight: int | None = Field(default=None, ge=1)
    queue: int = Field(default=0, ge=0)
    queue_wait_s: Seconds = 5.0


class Timeouts(Section):
    """Timeouts in seconds.

    Attributes:
        connect_s: to connect to a backend.
        first_byte_s: without a byte of the backend, before the first content of a stream.
        idle_s: without a byte of the backend, later in a stream.
        attempt_s: for one attempt without a stream; unset, it is `total_s`, so a silent backend leaves no time for
            another one.
        total_s: for the request, over all attempts and the waits between them.
    """

    connect_s: Seconds = 5.0
    first_byte_s: Seconds = 120.0
    idle_s: Seconds = 30.0
    attempt_s: Seconds | None = None
    total_s: Seconds = 600.0


class Retries(Section):
    """Retries after retryable failures, before any byte of an answer was sent.

    Attributes:
        attempts: how often each backend of a route is attempted; 1 means no retry.
        base_s: upper bound of the random wait before the first retry; it doubles with each further one.
        cap_s: the largest such bound. If a Retry-After is longer, the next backend of the route is attempted.
    """

    attempts: int = Field(default=1, ge=1, le=10)
    base_s: Seconds = 0.25
    cap_s: Seconds = 8.0


class BreakerConfig(Section):
    """When the circuit breaker of a backend opens, and for how long.

    With a condition, requests that have no other backend are refused while it is open. With neither, five failures in a
    row open it, but only where a route has another backend, and it refuses nothing.

    Attributes:
        consecutive_failures: the number of failures in a row that opens it.
        failure_rate: the share of failures among the latest `window` attempts that opens it.
        window: number of attempts for the rate; before there are as many, the rate opens nothing.
        open_s: how long it is open before one attempt probes the backend.
    """

    consecutive_failures: int | None = Field(default=None, ge=1)
    failure_rate: float | None = Field(default=None, gt=0, le=1)
    window: int = Field(default=20, ge=2, le=10_000)
    open_s: Seconds = 10.0

    @property
    def has_condition(self) -> bool:
        """Whether a condition is set."""
        return self.consecutive_failures is not None or self.failure_rate is not None
