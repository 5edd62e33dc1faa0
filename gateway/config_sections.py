"""The tables of the configuration about the server and its requests: `[server]`, `[limits]`, `[timeouts]`."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(gt=0, le=86_400)]


class Section(BaseModel):
    """A table in which a misspelt key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ServerConfig(Section):
    """Where the gateway listens, and with how many processes. `port = 0` takes a free one."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65_535)
    workers: int = Field(default=1, ge=1, le=64)


class Limits(Section):
    """What one request may be, and how many may be under way.

    Attributes:
        body_bytes: size of a body.
        json_depth: how deep its JSON may nest.
        messages: how many messages it may hold; unset, any number.
        in_flight: how many requests may be on their way through backends at once, over all workers; unset, any number.
        queue: how many more may wait for one of them to end.
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
        total_s: the whole call over all attempts; the only limit but `connect_s` on an answer that is not a stream.
    """

    connect_s: Seconds = 5.0
    first_byte_s: Seconds = 120.0
    idle_s: Seconds = 30.0
    total_s: Seconds = 600.0
