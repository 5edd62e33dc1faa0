"""Sample: the raw measurement of one request within a load run."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import Literal

ErrorClass = Literal[
    "no_connection",
    "timeout",
    "rate_limited",
    "overloaded",
    "client_error",
    "server_error",
    "stream_error",
    "cut",
    "malformed",
    "empty",
    "unknown",
]
"""Why a request failed: no connection (DNS, refused, TLS), no end within the time limit, 429, 503, any other 4xx, any
other 5xx, an error event or object after 200, a stream or body that broke off, something that is no answer of this API
(a redirect too), an answer without any text, or, of an imported run, what its tool does not tell."""

TokensSource = Literal["usage", "chunks"]
"""Where a token count comes from: the server's `usage`, or the number of chunks with text, an estimate."""


@dataclass(slots=True)
class Sample:
    """One request of a load run.

    All times are seconds by `clock.now()`; None means that this moment never came. A failed request is a sample too.

    Attributes:
        item: number of the item in the workload, from 0.
        turn: number of the request within its conversation, from 0.
        kind: name of the workload's entry that the item was drawn from.
        stage: index of the stage that the request was intended for.
        user: number of the simulated user in a closed loop; None in an open loop.
        process: number of the client process, from 0.
        t_intended: when the request was to be sent: its arrival in an open loop; in a closed loop, or a later turn of a
            conversation, when its user was ready for it.
        t_queued: when the client took it up; later than `t_intended` if the client was late or had no free slot.
        t_connected: when the connection was ready, an open one taken from the pool included.
        t_sent: when the last byte of the request was handed to the socket; taken right before that, so that no latency
            from it is too short.
        t_first_byte: first byte of the answer's body.
        t_first_content: first generated text, reasoning included, a bare role not counted.
        t_last_content: last generated text.
        t_done: end of the answer, or the moment of the failure or of the cancellation.
        chunk_times: arrival of each chunk with generated text, its tool calls included.
        streamed: whether the answer came as server-sent events.
        status: HTTP status; None if no answer came.
        error: why it failed; None for a whole answer, and for a cancelled request.
        error_message: what the server or the connection said, without secrets, shortened.
        cancelled: whether the load run ended before the answer did; such a request is neither a success nor a failure.
            One that was due and never sent has no `t_queued`.
        reused_connection: whether the connection had served a request before.
        resent: whether the request was sent a second time, on a new connection, because the one from the pool turned
            out to be closed before anything of an answer came; `t_connected` and `t_sent` are of the second time.
        prompt_tokens: by the server's usage; None without.
        output_tokens: by `tokens_source`; None if there is none.
        tokens_source: where `output_tokens` comes from.
        text_chunks: number of chunks with generated text.
        text_length: characters of generated text.
        text_sha256: first 16 hex digits of the SHA-256 of the generated text, in the order in which it came; None
            without text.
        finish_reason: the first one; None if none came.
        request_id: the answer's `x-request-id`; None without.
        backend: the answer's `x-gateway-backend`; None without.
    """

    item: int
    turn: int = 0
    kind: str = ""
    stage: int = 0
    user: int | None = None
    process: int = 0
    t_intended: float = 0.0
    t_queued: float | None = None
    t_connected: float | None = None
    t_sent: float | None = None
    t_first_byte: float | None = None
    t_first_content: float | None = None
    t_last_content: float | None = None
    t_done: float | None = None
    chunk_times: array[float] = field(default_factory=lambda: array("d"), repr=False)
    streamed: bool = False
    status: int | None = None
    error: ErrorClass | None = None
    error_message: str | None = None
    cancelled: bool = False
    reused_connection: bool = False
    resent: bool = False
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    tokens_source: TokensSource | None = None
    text_chunks: int = 0
    text_length: int = 0
    text_sha256: str | None = None
    finish_reason: str | None = None
    request_id: str | None = None
    backend: str | None = None
