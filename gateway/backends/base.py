"""The interface of a backend; `gateway.backends.kinds` says how to add a kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gateway.errors.base import UnsupportedByBackend, shorten
from gateway.operations import CHAT
from gateway.request.liveness import Liveness
from gateway.request.usage import Meter
from gateway.text.numbers import dump, exact_fields

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Collection, Mapping

    from gateway.operations import Operation
    from gateway.text.control_tokens import ControlTokens

    WriteNow = Callable[[bytes], bool]
    """Writes whole events if that needs no wait. Returns whether it did."""


@dataclass(frozen=True, slots=True)
class Call:
    """One validated request on its way to one backend.

    Attributes:
        body: the client's bytes, a UTF-8 JSON object; serialized again if control tokens were broken in it.
        fields: `body` parsed, unknown fields included; read-only.
        model: the model id in the request.
        backend_model: the backend's name for that model.
        request_id: sent to the backend as `x-request-id`.
        stream: whether the client requested server-sent events.
        operation: the requested operation.
        strict: refuse a parameter that the backend does not support, instead of dropping it.
        dropped: names of the dropped parameters, each once and in order, for the response header.
        write_now: takes events of a stream that has begun, instead of yielding them.
        headers: further headers for the backend: of the trace, and of the backend's native format.
        format: the format of `body`, `fields` and the answer: OpenAI's, or one of the backend's `native` formats.
        query: what is added to the address of a backend whose native format the call has.
        meter: records the backend's waits and usage.
        liveness: shows when bytes of the answer came.
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
    query: str = ""
    meter: Meter = field(default_factory=Meter)
    liveness: Liveness = field(default_factory=Liveness)

    def body_for_backend(self) -> bytes:
        """The client's bytes; serialized again, with only `model` changed, if the backend has another name for it."""
        if self.backend_model == self.model:
            return self.body
        return dump({**self.exact_fields(), "model": self.backend_model})

    def exact_fields(self) -> dict[str, Any]:
        """`fields` with the digits of long numbers kept, for `gateway.text.numbers.dump`."""
        return exact_fields(self.body, self.fields)

    @property
    def choices(self) -> int:
        """The number of requested choices."""
        return self.operation.choices(self.fields)

    def drop(self, param: str) -> None:
        """Name a parameter that the backend does not support in the response header.

        Args:
            param: the field's path without indexes: `seed`, `messages[].name`.

        Raises:
            UnsupportedByBackend: the call is strict.
        """
        if self.strict:
            raise UnsupportedByBackend(
                f"Unsupported parameter: '{shorten(param)}' means nothing to this model's backend. Leave it out; "
                "or without x-gateway-strict (and strict = true in gateway.toml) it is dropped.",
                param=param,
                code="unsupported_parameter",
            )
        self.dropped[param] = None


class Backend(ABC):
    """Answers calls.

    The gateway cancels `complete` and `stream` when a limit under `[timeouts]` passes or the client disconnects. A
    cancelled backend only has to close its connection.

    Attributes:
        name: the backend's name in the configuration.
        strict: refuse every request with a parameter that the backend does not support.
        operations: the supported operations.
        native: the supported formats besides OpenAI's.
        limit_field: the field of a chat request that bounds the answer; OpenAI's own models know the newer name only.
        control_tokens: the tokens to break in every call, because the backend takes them for its chat template's own.
    """

    operations: Collection[Operation] = (CHAT,)
    native: frozenset[str] = frozenset()

    def __init__(self, *, name: str, strict: bool = False) -> None:
        self.name = name
        self.strict = strict
        self.control_tokens: ControlTokens | None = None
        self.limit_field = "max_tokens"

    def setting_for(self, operation: Operation) -> str:  # noqa: ARG002  # a subclass may need it
        """The setting that would enable `operation`; empty if there is none."""
        return ""

    def check(self) -> None:  # noqa: B027  # most need nothing
        """Check, before anything is started, that what the backend needs on this machine is there.

        Raises:
            ConfigError: a package is missing.
            EmbeddedModelError: an embedded model lacks its weights or its engine; the message says how to get them.
        """

    @abstractmethod
    async def start(self) -> None:
        """Prepare for calls, while the gateway already answers `/health`."""

    @abstractmethod
    async def stop(self) -> None:
        """Release all resources; calls in progress may fail."""

    @abstractmethod
    async def ready(self) -> bool:
        """Whether the backend would answer now. Spends no tokens and never raises."""

    def why_not_ready(self) -> str:
        """The reason why `ready` is False, as words that follow the backend's name, and the fix."""
        return "does not answer as it should; check that it runs, and its base_url and its key or token in gateway.toml"

    @abstractmethod
    async def complete(self, call: Call) -> bytes:
        """Answer `call` in one piece.

        Returns:
            The answer as one JSON object, in the call's format.

        Raises:
            GatewayError: a `BackendError`, `ContextTooLong`, or, before anything is sent, `UnsupportedByBackend`.
        """

    @abstractmethod
    def stream(self, call: Call) -> AsyncGenerator[bytes, None]:
        """Answer `call` as server-sent events.

        Yields:
            One or more whole events (never a part of one), each closed by its blank line. The gateway itself writes the
            final `data: [DONE]`. Every choice has exactly one finish reason. The first block holds the first content:
            until then another backend may still answer, so comments, pings and a lone role are held back.

        Raises:
            GatewayError: see `complete`; in mid-stream, the gateway turns it into an error event.
        """
