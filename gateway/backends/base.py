"""What every backend must do; `gateway.backends.kinds` says how to add a kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from gateway.errors.base import InvalidRequest, shorten
from gateway.operations import CHAT
from gateway.request.usage import Meter

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Collection, Mapping

    from gateway.operations import Operation
    from gateway.text.control_tokens import ControlTokens

    WriteNow = Callable[[bytes], bool]
    """Writes whole events if that needs no wait, and says whether it did."""


@dataclass(frozen=True, slots=True)
class Call:
    """One checked request on its way to one backend.

    Attributes:
        body: the client's own bytes, a UTF-8 JSON object; dumped anew if control tokens were broken in it.
        fields: `body` parsed, unknown fields included; not to be changed.
        model: the id that the client asked for.
        backend_model: the name of that model at the backend.
        request_id: passed on as `x-request-id`.
        stream: whether the client asked for server-sent events.
        operation: what it asks for.
        strict: refuse a parameter that the backend cannot take, rather than drop it.
        dropped: names of the parameters that were dropped, each once and in order, for the response header.
        write_now: may be given events of a stream that has begun, instead of yielding them.
        headers: for the backend, besides the gateway's own: of the trace, and of a format that it speaks itself.
        format: of `body` and `fields`, and of the answer: OpenAI's, or one of the backend's `native` ones.
        meter: notes how long the backend took, and what it counted.
    """

    body: bytes
    fields: dict[str, Any]
    model: str
    backend_model: str
    request_id: str
    stream: bool
    operation: Operation = CHAT
    strict: bool = False
    dropped: dict[str, None] = field(default_factory=dict)
    write_now: WriteNow | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    format: str = "openai"
    meter: Meter = field(default_factory=Meter)

    def body_for_backend(self) -> bytes:
        """The client's bytes; dumped anew, with only `model` changed, if the backend's name for it differs."""
        if self.backend_model == self.model:
            return self.body
        return orjson.dumps({**self.fields, "model": self.backend_model})

    @property
    def choices(self) -> int:
        """How many choices were asked for."""
        return self.operation.choices(self.fields)

    def drop(self, param: str) -> None:
        """Leave out a parameter that the backend cannot take, and name it in the answer's headers.

        Args:
            param: path of the field, without indexes: `seed`, `messages[].name`.

        Raises:
            InvalidRequest: the call is strict.
        """
        if self.strict:
            raise InvalidRequest(
                f"Unsupported parameter: '{shorten(param)}' means nothing to this model's backend. Leave it out; "
                "or without x-gateway-strict (and strict = true in gateway.toml) it is dropped.",
                param=param,
                code="unsupported_parameter",
            )
        self.dropped[param] = None


class Backend(ABC):
    """Something that answers calls.

    The gateway holds the clock: it cancels `complete` and `stream` when a limit under `[timeouts]` passes or the client
    goes away, so a backend only has to close its connection when it is cancelled.

    Attributes:
        name: its name in the configuration.
        strict: refuse every request with a parameter that the backend cannot take.
        operations: what it can be asked for.
        native: the formats beside OpenAI's in which it can be asked as well.
        limit_field: the field of a chat request that bounds the answer; OpenAI's own models know the newer name only.
        control_tokens: what is broken in every call, if the backend would take it for its chat template's own.
    """

    operations: Collection[Operation] = (CHAT,)
    native: frozenset[str] = frozenset()

    def __init__(self, *, name: str, strict: bool = False) -> None:
        self.name = name
        self.strict = strict
        self.control_tokens: ControlTokens | None = None
        self.limit_field = "max_tokens"

    def how_to_offer(self, operation: Operation) -> str:  # noqa: ARG002  # a subclass may need it
        """What to set in the configuration, so that it can be asked for this too; empty if nothing helps."""
        return ""

    def check(self) -> None:  # noqa: B027  # most need nothing
        """See that what it needs on this machine is there, before anything is started.

        Raises:
            ConfigError: a package is missing.
            EmbeddedModelError: an embedded model lacks its weights or its engine; the message says how to get them.
        """

    @abstractmethod
    async def start(self) -> None:
        """Make ready for calls. It runs while the gateway already answers `/health`."""

    @abstractmethod
    async def stop(self) -> None:
        """Give everything back; calls still under way may fail."""

    @abstractmethod
    async def ready(self) -> bool:
        """Whether the backend would answer now. It spends no tokens and raises nothing."""

    def why_not_ready(self) -> str:
        """What keeps it from answering, in words that follow its name, and what to do; for when `ready` says no."""
        return "does not answer as it should; check that it runs, and its base_url and its key or token in gateway.toml"

    @abstractmethod
    async def complete(self, call: Call) -> bytes:
        """Answer `call` whole.

        Returns:
            One object as JSON, as OpenAI, or the API of the call's format, answers such a request.

        Raises:
            GatewayError: a subclass of `BackendError`, `InvalidRequest` or `ContextTooLong`; with `reached=False` if
                not a byte went out, so that the next backend of the route may be tried.
        """

    @abstractmethod
    def stream(self, call: Call) -> AsyncGenerator[bytes, None]:
        """Answer `call` as server-sent events.

        Yields:
            One or more whole events (never a part of one), each closed by its blank line, without the final
            `data: [DONE]`, which the gateway writes itself. Every choice has exactly one finish reason.

        Raises:
            GatewayError: as for `complete`; also in mid-stream, where the gateway turns it into an error event.
        """
