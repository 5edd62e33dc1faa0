"""The tables of the configuration about the server and its requests: `[server]`, `[limits]`, `[timeouts]`."""

from __future__ import annotations

from pydantic import Field

from gateway.config.section import Seconds, Section


class ServerConfig(Section):
    """Where the gateway listens, with how many processes, and how it ends.

    Attributes:
        host: an address of this machine.
        port: 0 takes a free one.
        workers: processes that answer.
        drain_s: how long requests under way may take to end after the stop signal.
        watch: whether the configuration is read again when its file changes; SIGHUP does it in any case.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65_535)
    workers: int = Field(default=1, ge=1, le=64)
    drain_s: float = Field(default=25.0, ge=0, le=86_400)
    watch: bool = True


class Limits(Section):
    """What one request may be, and how many may be under way.

    Attributes:
        body_bytes: size of a body.
        json_depth: how deep its JSON may nest.
        messages: how many messages it may hold; unset, any number.
        in_flight: how many requests may be on their way through backends at once, over all workers; unset, any number.
        queue: how many more may wait for one of them to end, over all workers.
        queue_wait_s: how long each of those may wait.
    """

    body_bytes: int = Field(default=16 * 1024 * 1024, ge=1024)
    # orjson reads deeper than the 254 levels that it writes.
    json_depth: int = Field(default=100, ge=8, le=200)
    messages: int | None = Field(default=None, ge=1)
    in_flight: int | None = Field(default=None, ge=1)
    queue: int = Field(default=0, ge=0)
    queue_wait_s: Seconds = 5.0


class Timeouts(Section):
    """Limits in seconds on one backend.

    Attributes:
        connect_s: making the connection.
        first_byte_s: from sending the request to the first event of a stream.
        idle_s: silence between two events of a stream.
        attempt_s: one attempt at an answer that is not a stream; unset, as long as `total_s`, which leaves no time for
            another backend if the first one is silent.
        total_s: the whole call over all attempts and the waits between them.
    """

    connect_s: Seconds = 5.0
    first_byte_s: Seconds = 120.0
    idle_s: Seconds = 30.0
    attempt_s: Seconds | None = None
    total_s: Seconds = 600.0


class Retries(Section):
    """Repetitions after failures that may pass, before anything of an answer went out.

    Attributes:
        attempts: how often each backend of a route is attempted; 1 means no repetition.
        base_s: upper bound of the drawn wait before the first repetition; it doubles with each further one.
        cap_s: the bound's own bound. A backend whose Retry-After asks for more is left for the next of the route.
    """

    attempts: int = Field(default=1, ge=1, le=10)
    base_s: Seconds = 0.25
    cap_s: Seconds = 8.0


class BreakerConfig(Section):
    """When a failing backend is left alone; with neither condition set, never.

    Attributes:
        consecutive_failures: so many in a row open the breaker.
        failure_rate: such a share of failures among the latest `window` attempts opens it.
        window: how many attempts the rate is taken over; it opens nothing before there were so many.
        open_s: how long the backend is left alone before one attempt probes it.
    """

    consecutive_failures: int | None = Field(default=None, ge=1)
    failure_rate: float | None = Field(default=None, gt=0, le=1)
    window: int = Field(default=20, ge=2, le=10_000)
    open_s: Seconds = 10.0

    @property
    def opens(self) -> bool:
        """Whether there is a condition."""
        return self.consecutive_failures is not None or self.failure_rate is not None
