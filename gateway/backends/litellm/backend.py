"""All other providers, through LiteLLM's SDK (docs.litellm.ai): the optional extra `litellm`.

LiteLLM speaks OpenAI's format in Python objects, at some milliseconds of CPU per call. Its retries, callbacks, prints,
telemetry and log lines are off, because the gateway has its own.
"""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import aclosing
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from logging import getLogger
from typing import TYPE_CHECKING, Any

from gateway.backends.base import Backend, Call
from gateway.backends.http.content import Opening
from gateway.backends.http.events import LINGER_S
from gateway.backends.http.timing import ANSWER_LIMIT, VECTORS_LIMIT
from gateway.backends.litellm.arrivals import ARRIVALS, Arrivals, watch_bytes
from gateway.backends.litellm.embeddings import embedding_params, embeddings_of, params_for_embeddings
from gateway.backends.litellm.errors import to_gateway_error
from gateway.backends.litellm.provider_keys import keys_in_environment, problems_of_keys
from gateway.backends.parameters import supported_parameters, unsupported
from gateway.config.problems import ConfigError, Problem
from gateway.errors.base import (
    BackendBadAnswer,
    BackendDisconnected,
    BackendMisconfigured,
    BackendUnavailable,
    GatewayError,
    shorten,
)
from gateway.operations import CHAT, EMBEDDINGS
from gateway.request.usage import parse_usage
from gateway.text.nesting import dump_json
from gateway.text.numbers import with_integers
from gateway.text.secrets import SecretFilter
from gateway.text.sse import EVENT_LIMIT

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Sequence

    from gateway.backends.litellm.config import LiteLLMConfig

# Set by the gateway, or supported by LiteLLM for every provider.
_ALWAYS_SUPPORTED = frozenset({"model", "messages", "stream", "stream_options"})
# LiteLLM's parameters that only the gateway may set: a client must not choose where its request goes.
_RESERVED = frozenset({"api_base", "api_key", "base_url", "extra_headers", "max_retries", "num_retries", "timeout"})
# Without one of these the answer would have another meaning.
_NEVER_DROPPED = ("tools", "tool_choice", "functions", "function_call", "response_format", "modalities")
# Longer than all of the gateway's own limits.
_NO_LIMIT_S = 86_400.0


class LiteLLMBackend(Backend):
    """Sends calls through LiteLLM.

    It does not offer text completions: for most providers LiteLLM turns the prompt into a chat, and its text streams do
    not show whether a provider's stream was complete.

    Args:
        config: the address and the key, if they are not the provider's usual ones.
        name: the backend's name in the configuration.
        models: the names of its models in the routes, each `provider/model`.
        connect_s: limit for making a connection.
    """

    operations = (CHAT, EMBEDDINGS)

    def __init__(self, config: LiteLLMConfig, *, name: str, models: Sequence[str], connect_s: float) -> None:
        super().__init__(name=name, strict=config.strict)
        self._config = config
        self._models = models
        self._connect_s = connect_s
        self._sdk: Any = None
        self._timeout: Any = None
        # Without a key LiteLLM reads the provider's key from the environment, which must not reach another address.
        self._no_key = "none" if config.base_url else None
        keys = [config.api_key.get_secret_value()] if config.api_key else keys_in_environment()
        self._secrets = SecretFilter(keys)
        self._params: dict[str, frozenset[str]] = {}
        self._embedding_params: dict[str, frozenset[str]] = {}

    def check(self) -> None:
        """Check that LiteLLM is installed, and the keys that it reads from the providers' own variables.

        Raises:
            ConfigError: LiteLLM is missing, and the message names the extra; or no header can carry such a key.
        """
        if find_spec("litellm") is None:
            raise ConfigError(
                [
                    Problem(
                        f"backends.{self.name}.kind",
                        "needs LiteLLM, which is not installed",
                        "run `pip install 'llm-gateway-qa[litellm]'`, or choose another kind",
                    )
                ]
            )
        reads_own_keys = self._config.api_key is None and self._config.base_url is None
        problems = problems_of_keys(self.name, self._models) if reads_own_keys else []
        if problems:
            raise ConfigError(problems)

    async def start(self) -> None:
        """Load LiteLLM in a thread, because it takes seconds.

        Raises:
            BackendMisconfigured: LiteLLM does not know a model's provider; calls for other models are still answered.
        """
        sdk = await asyncio.to_thread(_quiet_sdk)
        unknown = []
        for model in self._models:
            try:
                _, provider, *_ = sdk.get_llm_provider(model)
                self._params[model] = frozenset(sdk.get_supported_openai_params(model, provider) or ()) - _RESERVED
                self._embedding_params[model] = params_for_embeddings(sdk, model)
            except sdk.BadRequestError:
                unknown.append(model)
        self._timeout = import_module("httpx").Timeout(_NO_LIMIT_S, connect=self._connect_s)
        self._sdk = sdk
        if unknown:
            raise self._unknown_provider(unknown[0])

    async def stop(self) -> None:
        """Close LiteLLM's connections."""
        if self._sdk is not None:
            await self._sdk.close_litellm_async_clients()

    async def ready(self) -> bool:
        """Whether LiteLLM is loaded and knows all providers; it cannot probe one without spending tokens."""
        return self._sdk is not None and len(self._params) == len(self._models)

    def why_not_ready(self) -> str:
        """LiteLLM is still loading, or does not know a model's provider."""
        if self._sdk is None:
            return "is loading LiteLLM; ask again in a moment"
        return "has a model of a provider that LiteLLM does not know; the gateway's log tells which"

    async def complete(self, call: Call) -> bytes:
        """One `chat.completion` object, or a list of `embedding` objects."""
        if call.operation is EMBEDDINGS:
            return await self._embed(call)
        ARRIVALS.set(Arrivals(ANSWER_LIMIT))
        answer = (await self._chat(call)).model_dump(exclude_none=True)
        if not answer.get("choices"):
            raise BackendBadAnswer(f"Backend '{self.name}' answered without a choice. Send the request again.")
        for choice in answer["choices"]:
            choice.setdefault("logprobs", None)
            choice["message"].setdefault("content", None)
        call.meter.answer = answer
        return dump_json(answer, backend=self.name)

    async def stream(self, call: Call) -> AsyncGenerator[bytes, None]:
        """One event for each chunk."""
        if call.choices > 1:
            # LiteLLM ends its stream at the first finish reason, whichever choice has it.
            raise unsupported("n", "streams one choice, but got more", "Send 1, or ask without a stream.")
        finished, opening = False, Opening(self.name)
        call.liveness.receiver = arrivals = Arrivals(EVENT_LIMIT)
        ARRIVALS.set(arrivals)
        async with aclosing(await self._chat(call)) as stream:
            try:
                # A provider that does not end its stream after the finish reason ends it for the gateway.
                limit_s = None
                while (chunk := await self._await_backend(_next(stream, limit_s), call)) is not None:
                    arrivals.note()
                    if any(choice.finish_reason for choice in chunk.choices):
                        if stream.received_finish_reason is None and stream.intermittent_finish_reason is None:
                            # LiteLLM invents a `stop` where a provider's stream ended without a finish reason.
                            break
                        finished = call.liveness.finished = True
                        limit_s = LINGER_S
                    if events := opening.add(_events(chunk.model_dump(exclude_none=True), call, self.name)):
                        yield events
            except GatewayError:
                # The answer is complete once it is finished.
                if not finished:
                    raise
        if not finished:
            raise BackendDisconnected(
                f"Backend '{self.name}' closed the connection before its answer was complete. Send the request again."
            )

    async def _chat(self, call: Call) -> Any:
        """LiteLLM's answer or stream for a chat call."""
        call = replace(call, fields=with_integers(call.exact_fields()))
        supported = self._supported_params(call, self._params)
        for name in _NEVER_DROPPED:
            if call.fields.get(name) and name not in supported:
                raise unsupported(name, f"knows no '{name}'", "Leave it out, or ask another model.")
        if call.choices > 1 and "n" not in supported:
            raise unsupported("n", "gives one choice, but got more", "Send 1 and ask several times.")
        params = {
            **supported_parameters(call, supported | _ALWAYS_SUPPORTED),
            **self._target(call),
            # Otherwise LiteLLM itself would call a tool server that a client names.
            "_skip_mcp_handler": True,
        }
        if call.meter.asks_usage:
            # `_events` takes it out again, unless the client asks for it too.
            params["stream_options"] = {**(params.get("stream_options") or {}), "include_usage": True}
        return await self._await_backend(self._sdk.acompletion(**params), call)

    async def _embed(self, call: Call) -> bytes:
        params = embedding_params(call, self._supported_params(call, self._embedding_params))
        ARRIVALS.set(Arrivals(VECTORS_LIMIT))
        embedding = self._sdk.aembedding(**params, **self._target(call))
        answer = (await self._await_backend(embedding, call)).model_dump(exclude_none=True)
        vectors = embeddings_of(answer, call)
        if vectors is None:
            raise BackendBadAnswer(
                f"Backend '{self.name}' answered without a vector for each text. Send the request again."
            )
        call.meter.reported = parse_usage(answer)
        return vectors

    def _supported_params(self, call: Call, params: dict[str, frozenset[str]]) -> frozenset[str]:
        """The parameters that the provider of the call's model supports."""
        if self._sdk is None:
            raise BackendUnavailable(f"Backend '{self.name}' is starting. Send the request again in a moment.")
        supported = params.get(call.backend_model)
        if supported is None:
            raise self._unknown_provider(call.backend_model)
        return supported

    def _target(self, call: Call) -> dict[str, Any]:
        """The model, address, key and timeout of a request; without retries."""
        key = self._config.api_key
        return {
            "model": call.backend_model,
            "api_base": self._config.base_url,
            "api_key": key.get_secret_value() if key else self._no_key,
            "extra_headers": {"x-request-id": call.request_id},
            "timeout": self._timeout,
            "num_retries": 0,
            "max_retries": 0,
        }

    async def _await_backend(self, answer: Awaitable[Any], call: Call) -> Any:
        """Await LiteLLM; all of the time counts as the backend's, because LiteLLM does not report its own share."""
        began = time.perf_counter()
        try:
            return await answer
        except Exception as error:
            raise to_gateway_error(error, self.name, self._secrets.hide) from error
        finally:
            call.meter.add_wait(began, time.perf_counter())

    def _unknown_provider(self, model: str) -> BackendMisconfigured:
        return BackendMisconfigured(
            f"Backend '{self.name}' cannot serve '{shorten(model)}': LiteLLM knows no such provider. "
            "Write the model of the route as provider/model in gateway.toml.",
        )


async def _next(stream: Any, limit_s: float | None) -> Any:
    """The next chunk; None at the end or after `limit_s`."""
    try:
        async with asyncio.timeout(limit_s):
            return await anext(stream, None)
    except TimeoutError:
        if limit_s is None:
            raise
        return None


def _events(chunk: dict[str, Any], call: Call, backend: str) -> bytes:
    """A chunk in OpenAI's format: LiteLLM always sends the usage, together with an empty choice."""
    usage = chunk.pop("usage", None)
    if usage is not None:
        call.meter.reported = parse_usage({"usage": usage})
    for choice in chunk["choices"]:
        for name, value in (("delta", {}), ("logprobs", None), ("finish_reason", None)):
            choice.setdefault(name, value)
    events = b""
    if usage is None or any(choice["delta"] or choice["finish_reason"] for choice in chunk["choices"]):
        events = b"data: " + dump_json(chunk, backend=backend) + b"\n\n"
    if usage is not None and (call.fields.get("stream_options") or {}).get("include_usage"):
        events += b"data: " + dump_json({**chunk, "choices": [], "usage": usage}, backend=backend) + b"\n\n"
    return events


def _quiet_sdk() -> Any:
    """Load LiteLLM, watched, without its price list from the network, `.env` files, prints and logs."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    os.environ.setdefault("LITELLM_MODE", "PRODUCTION")
    sdk: Any = import_module("litellm")
    watch_bytes()
    sdk.suppress_debug_info = True
    sdk.telemetry = False
    sdk.drop_params = False
    for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"):
        getLogger(name).disabled = True
    return sdk
