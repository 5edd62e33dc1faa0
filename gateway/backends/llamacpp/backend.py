"""The embedded backend: llama.cpp in a child process, restarted when it dies."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from contextlib import AsyncExitStack, aclosing, suppress
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal

import orjson

from gateway.backends.http.connection import Connection
from gateway.backends.llamacpp.chat import (
    ChoicesUsage,
    StreamEvents,
    template_abilities,
)
from gateway.backends.llamacpp.gguf import control_tokens
from gateway.backends.llamacpp.joined import add_nulls, as_stream, join_chat
from gateway.backends.llamacpp.process import LlamaCppProcess
from gateway.backends.llamacpp.request import allowed_call
from gateway.backends.llamacpp.text import TextEvents, join_text, text_request, translate_text
from gateway.backends.llamacpp.tokens import LlamaCppTokenCounter
from gateway.backends.llamacpp.watchdog import Watchdog
from gateway.backends.llamacpp.weights import EngineMissing, check_gguf, resolve
from gateway.backends.openai.backend import CONNECT_S, OpenAIBackend
from gateway.errors.base import BackendDisconnected, BackendMisconfigured, BackendUnavailable, BackendUnreachable
from gateway.logs.events import log_event
from gateway.operations import CHAT, COUNT_TOKENS, EMBEDDINGS, TEXT_COMPLETION
from gateway.text.control_tokens import ControlTokens

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence
    from pathlib import Path

    from gateway.backends.base import Call
    from gateway.backends.llamacpp.config import LlamaCppConfig
    from gateway.operations import Operation

FIRST_BACKOFF_S = 0.2
LONGEST_BACKOFF_S = 10.0
HEALTHY_S = 10.0
"""A child that served this long resets the backoff."""

# The errors of a child that is about to exit: it refuses connections, closes them, or no longer serves its paths.
_CHILD_EXIT_ERRORS = (BackendUnreachable, BackendMisconfigured, BackendDisconnected)

State = Literal["stopped", "starting", "ready", "crashed"]


class LlamaCppBackend(OpenAIBackend):
    """Runs llama.cpp's HTTP server in a child process, and forwards to it like to any other server.

    Args:
        config: weights, context and slots.
        name: the backend's name in the configuration.
        models: the names of its one model in the routes.

    Attributes:
        state: the state of the child; calls are answered in `ready` only.
    """

    # llama.cpp's server closes after each stream although it promises to keep alive.
    reuse_after_stream = False

    def __init__(self, config: LlamaCppConfig, *, name: str, models: Sequence[str]) -> None:
        super().__init__(None, name=name)
        # Its streams hold a count anyway, in `timings`.
        self._takes_usage_option = False
        self._server: Connection | None = None
        self._watchdog = Watchdog(0)
        vectors = () if config.embeddings is None else (EMBEDDINGS,)
        self.operations = (CHAT, TEXT_COMPLETION, COUNT_TOKENS, *vectors)
        self.state: State = "stopped"
        self._settings = config
        self._alias = models[0] if models else name
        self._abilities: dict[str, bool] = {}
        self._cause = ""
        self._restart_at = 0.0
        self._first_outcome = asyncio.Event()
        self._supervisor: asyncio.Task[None] | None = None

    def check(self) -> None:
        """Raise an `EmbeddedModelError` if llama.cpp or its weights are missing."""
        self._find_weights()

    def _find_weights(self) -> Path:
        """The weights for `start`; raises like `check`."""
        if find_spec("xllamacpp") is None:
            raise EngineMissing(f"backends.{self.name} needs llama.cpp: run `pip install 'llm-gateway-qa[embedded]'`")
        if self._settings.model_path is not None:
            return check_gguf(self._settings.model_path, f"backends.{self.name}.model_path")
        return resolve()

    async def start(self) -> None:
        """Start the child and wait until its model is loaded; restart it whenever it dies.

        Raises:
            EmbeddedModelError: Like `check`; nothing is started.
            BackendUnavailable: The child died before it was ready, and is being restarted; or `stop` came first.
        """
        weights = self._find_weights()
        self.state = "starting"
        self._first_outcome.clear()
        if self._settings.neutralise is not False:
            self.control_tokens = await asyncio.to_thread(self._control_tokens, weights)
        if self._first_outcome.is_set():
            # Stopped meanwhile: no `stop` would follow to end the child.
            raise self.unavailable()
        self._supervisor = asyncio.create_task(self._supervise(weights))
        await self._first_outcome.wait()
        if self._connection is None:
            raise self.unavailable()

    async def stop(self) -> None:
        """End the child within two seconds; calls in progress fail."""
        supervisor, self._supervisor = self._supervisor, None
        if supervisor is not None:
            supervisor.cancel()
            with suppress(asyncio.CancelledError):
                await supervisor
        self.state = "stopped"
        self._first_outcome.set()

    async def ready(self) -> bool:
        """Whether the child reports a loaded model and works on its requests, which costs no tokens."""
        if self._connection is None or self._watchdog.is_stalled:
            return False
        return await self._connection.answers("/health")

    def why_not_ready(self) -> str:
        """The state of the child; the log has the cause of a crash."""
        match self.state:
            case "crashed":
                return "crashed and is restarted; the gateway's log tells why"
            case "stopped":
                return "is not started; if that lasts, the gateway's log tells why"
            case "starting":
                return "is starting; ask again in a moment"
        return self._watchdog.why_not_ready()

    def setting_for(self, operation: Operation) -> str:
        """The setting that enables embeddings."""
        return f'set backends.{self.name}.embeddings = "mean" in gateway.toml' if operation is EMBEDDINGS else ""

    def unavailable(self) -> BackendUnavailable:
        """The error for a call without a running child, with the time of the next start in `Retry-After`."""
        if self.state == "crashed":
            wait_s = max(1, math.ceil(self._restart_at - time.monotonic()))
            return BackendUnavailable(
                f"Backend '{self.name}' crashed and is restarted. Send the request again in {wait_s} s.",
                retry_after_s=wait_s,
            )
        return BackendUnavailable(f"Backend '{self.name}' is {self.state}. Send the request again in a moment.")

    def body(self, call: Call) -> bytes:
        """The request body."""
        return text_request(call) if call.operation is TEXT_COMPLETION else super().body(call)

    async def complete(self, call: Call) -> bytes:
        """Forward `call`, and return the answer with the requested model id."""
        call = allowed_call(call, self._abilities, self._settings)
        try:
            if call.operation is COUNT_TOKENS:
                counter = LlamaCppTokenCounter(call, self.name, self._require_server)
                return orjson.dumps({"input_tokens": await counter.prompt_tokens()})
            if call.operation.streams and call.choices > 1:
                # In an answer in one piece llama.cpp counts the first choice only.
                async with aclosing(self.stream(as_stream(call))) as blocks:
                    return await (join_text(blocks) if call.operation is TEXT_COMPLETION else join_chat(blocks))
            call.meter.token_counter = LlamaCppTokenCounter(call, self.name, self._require_server)
            async with self._watchdog.call():
                answer = self._with_requested_model(await super().complete(call), call)
            answer = add_nulls(answer) if call.operation is CHAT else answer
            return translate_text(call, answer) if call.operation is TEXT_COMPLETION else answer
        except _CHILD_EXIT_ERRORS as error:
            raise self._died() from error

    async def stream(self, call: Call) -> AsyncGenerator[bytes, None]:
        """Forward `call`, and yield its events with the requested model id."""
        call = allowed_call(call, self._abilities, self._settings)
        begun = False
        call.meter.token_counter = counter = LlamaCppTokenCounter(call, self.name, self._require_server)
        translation: TextEvents | ChoicesUsage | None = None
        form = StreamEvents(call.choices if call.operation is CHAT else 0)
        if call.operation is TEXT_COMPLETION:
            translation = TextEvents(call)
        elif call.choices > 1:
            translation = ChoicesUsage(call)
        try:
            # Without `write_now`, because every event is translated here.
            async with self._watchdog.call(), aclosing(super().stream(replace(call, write_now=None))) as blocks:
                async for block in blocks:
                    begun = True
                    counter.note_block(block)
                    formed = form.translate(self._with_requested_model(block, call))
                    if events := translation.translate(formed) if translation else formed:
                        yield events
            if translation and (usage := translation.usage()):
                yield usage
        except _CHILD_EXIT_ERRORS as error:
            if begun:
                raise
            raise self._died() from error

    def _require_server(self) -> Connection:
        if self._server is None:
            raise self.unavailable()
        return self._server

    def _control_tokens(self, weights: Path) -> ControlTokens:
        """The control tokens of the configuration and of the weights."""
        try:
            tokens = control_tokens(weights)
        except (OSError, ValueError) as error:
            log_event("control_tokens_unknown", level=logging.WARNING, backend=self.name, reason=str(error))
            tokens = frozenset()
        return ControlTokens(self._settings.control_tokens | tokens)

    def _died(self) -> BackendUnavailable:
        """The error for a call during which the child exited, whether the supervisor has noticed or not."""
        if self.state != "ready":
            return self.unavailable()
        return BackendUnavailable(f"Backend '{self.name}' died and is restarted. Send the request again in 1 s.")

    def _with_requested_model(self, answer: bytes, call: Call) -> bytes:
        """`answer` with the requested model id in place of llama.cpp's alias, which is the same for all models.

        Bytes are replaced without parsing: JSON escapes quotes in strings, so the pattern matches only key and value.
        """
        if call.model == self._alias:
            return answer
        return answer.replace(b'"model":' + orjson.dumps(self._alias), b'"model":' + orjson.dumps(call.model))

    async def _supervise(self, weights: Path) -> None:
        backoff_s = FIRST_BACKOFF_S
        while True:
            self.state = "starting"
            began = time.monotonic()
            try:
                served_s = await self._run_child(weights)
            except OSError as error:
                self._cause, served_s = f"no process could be started: {error}", 0.0
            if served_s >= HEALTHY_S:
                backoff_s = FIRST_BACKOFF_S
            self._restart_at = time.monotonic() + backoff_s
            self.state = "crashed"
            self._first_outcome.set()
            log_event(
                "backend_crashed",
                level=logging.ERROR,
                backend=self.name,
                reason=self._cause,
                after_s=round(time.monotonic() - began, 3),
                restart_in_s=backoff_s,
            )
            await asyncio.sleep(backoff_s)
            backoff_s = min(2 * backoff_s, LONGEST_BACKOFF_S)

    async def _serve(self, child: LlamaCppProcess) -> None:
        """Wait until the child exits; kill it if it hangs."""
        watch = asyncio.create_task(self._kill_when_hung(child))
        try:
            await child.wait()
        finally:
            watch.cancel()

    async def _kill_when_hung(self, child: LlamaCppProcess) -> None:
        child.kill(await self._watchdog.until_hung(self._require_server(), child.pid))

    async def _run_child(self, weights: Path) -> float:
        """Run one child until it exits; returns how long it served, in seconds."""
        began, ready_at = time.monotonic(), None
        self._watchdog = Watchdog.for_model(weights)
        child = await LlamaCppProcess.start(weights, self._alias, self._settings)
        try:
            if url := await child.address():
                self._server = Connection(url, backend=self.name, headers={}, connect_s=CONNECT_S)
                self._abilities = await template_abilities(self._server)
                await self.connect(f"{url}/v1")
                ready_at = time.monotonic()
                self.state = "ready"
                self._first_outcome.set()
                log_event("backend_ready", backend=self.name, pid=child.pid, after_s=round(ready_at - began, 3))
                await self._serve(child)
                self.state = "crashed"
        finally:
            server, self._server = self._server, None
            # Each callback runs, even if a stop cancels the one before.
            async with AsyncExitStack() as cleanup:
                cleanup.push_async_callback(child.end)
                if server is not None:
                    cleanup.push_async_callback(server.close)
                cleanup.push_async_callback(self.disconnect)
        self._cause = child.cause_of_death()
        return time.monotonic() - ready_at if ready_at is not None else 0.0
