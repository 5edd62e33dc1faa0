"""Backends that LiteLLM speaks to; what needs LiteLLM itself is skipped where it is not installed."""

import asyncio
import importlib.util
import json
from contextlib import suppress
from dataclasses import replace

import pytest

from gateway.backends.base import Call
from gateway.backends.kinds import load
from gateway.backends.litellm import backend as module
from gateway.backends.litellm.backend import LiteLLMBackend
from gateway.backends.litellm.config import LiteLLMConfig
from gateway.backends.litellm.embeddings import embeddings_of
from gateway.backends.litellm.errors import to_gateway_error
from gateway.config.problems import ConfigError
from gateway.errors.base import (
    BackendBadAnswer,
    BackendDisconnected,
    BackendMisconfigured,
    BackendRejectedRequest,
    BackendTimeout,
    BackendUnavailable,
    BackendUnreachable,
    ContextTooLong,
    InvalidRequest,
)
from gateway.operations import EMBEDDINGS, TEXT_COMPLETION
from gateway.request.usage import Usage

pytestmark = pytest.mark.filterwarnings("default")  # LiteLLM's own, of which there are many
needs_litellm = pytest.mark.skipif(importlib.util.find_spec("litellm") is None, reason="the extra litellm is absent")


def raised(name, message, *, status=500, because=None, headers=None):
    """Stands for one of LiteLLM's errors, or one of their causes."""
    error = type(name, (Exception,), {})(message)
    error.message, error.status_code = message, status
    if headers:
        error.response = type("Response", (), {"headers": headers})()
    error.__cause__ = because
    return error


def test_without_the_extra_its_name_is_said(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"pip install 'llm-gateway-qa\[litellm\]'"):
        LiteLLMBackend(LiteLLMConfig(), name="others", models=[], connect_s=1).check()


@pytest.mark.parametrize(
    ("key", "what"),
    [
        ("sk-x7\n", "line end"),
        ("sk-x\u00e47", "ASCII"),
        ("Bearer sk-x7", "Bearer"),
        ('"sk-x7"', "quote"),
        ("sk x7", "blank"),
    ],
)
def test_a_providers_own_key_that_no_header_can_carry_is_refused_by_its_name(monkeypatch, key, what):
    monkeypatch.setattr(module, "find_spec", lambda _: True)
    monkeypatch.setenv("TOGETHER_AI_API_KEY", key)
    with pytest.raises(ConfigError, match=r"TOGETHER_AI_API_KEY: a key for backends\.others that .*; ") as refused:
        LiteLLMBackend(LiteLLMConfig(), name="others", models=["together_ai/x"], connect_s=1).check()
    assert what in str(refused.value)
    assert "x7" not in str(refused.value)
    at_own_address = LiteLLMConfig(base_url="http://127.0.0.1:9")
    LiteLLMBackend(at_own_address, name="others", models=["together_ai/x"], connect_s=1).check()


def test_the_configuration_takes_it_without_an_address(tmp_path):
    path = tmp_path / "gateway.toml"
    path.write_text('[backends.b]\nkind = "litellm"\n[models.m]\nroute = [{ backend = "b", model = "mistral/x" }]\n')
    assert load(path).backends["b"].base_url is None
    path.write_text(path.read_text().replace("[models", 'base_url = "nowhere"\n[models'))
    with pytest.raises(ConfigError, match="base_url: is no plain http"):
        load(path)


@pytest.mark.parametrize(
    ("because", "kind"),
    [
        ("ConnectError", BackendUnreachable),
        ("ConnectTimeout", BackendTimeout),
        ("ReadError", BackendDisconnected),
        ("JSONDecodeError", BackendBadAnswer),
    ],
)
def test_the_cause_counts_and_not_what_litellm_makes_of_it(because, kind):
    error = to_gateway_error(
        raised("InternalServerError", "litellm.X: all gone", because=raised(because, "")), "b", str
    )
    assert type(error) is kind


@pytest.mark.parametrize(
    ("name", "status", "kind"),
    [
        ("BadRequestError", 400, BackendRejectedRequest),
        ("AuthenticationError", 401, BackendMisconfigured),
        ("ContextWindowExceededError", 400, ContextTooLong),
        ("RateLimitError", 429, BackendRejectedRequest),
        ("Timeout", 408, BackendTimeout),
        ("ServiceUnavailableError", 503, BackendUnavailable),
    ],
)
def test_statuses_mean_what_they_mean_for_every_backend(name, status, kind):
    assert type(to_gateway_error(raised(name, f"litellm.{name}: XException - no.", status=status), "b", str)) is kind


def test_headers_are_found_wherever_litellm_left_them():
    because = raised("RateLimitError", "", headers={"Retry-After": "7"})
    error = to_gateway_error(
        raised("RateLimitError", "litellm.RateLimitError: no", status=429, because=because), "b", str
    )
    assert error.headers["retry-after"] == "7"


@pytest.mark.parametrize(
    "message",
    [
        "litellm.BadRequestError: OpenAIException - too hot",
        'litellm.BadRequestError: AnthropicException - {"type": "error", "error": {"message": "too hot"}}',
        "litellm.APIConnectionError: too hot\nTraceback (most recent call last):\n  File",
        "litellm.InternalServerError: AnthropicError - too hot. Handle with `litellm.InternalServerError`.",
    ],
)
def test_only_the_providers_own_words_are_told(message):
    error = to_gateway_error(raised("BadRequestError", message, status=400), "b", str)
    assert error.message == "Backend 'b' refused the request: too hot"


def asked(model, **fields):
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}], **fields}
    return Call(json.dumps(body).encode(), body, "m", model, "id-1", stream=False)


def complete(model, call):
    """What `call` gets from a backend at an address where nobody listens."""

    async def run():
        backend = LiteLLMBackend(LiteLLMConfig(base_url="http://127.0.0.1:9/v1"), name="b", models=[model], connect_s=1)
        try:
            with suppress(BackendMisconfigured):
                await backend.start()
            assert await backend.ready() is (model != "nobody/x")
            return await backend.complete(call)
        finally:
            await backend.stop()

    return asyncio.run(run())


@needs_litellm
def test_a_provider_that_nobody_knows_is_named():
    with pytest.raises(BackendMisconfigured, match=r"cannot serve 'nobody/x': .* as provider/model"):
        complete("nobody/x", asked("nobody/x"))


@needs_litellm
def test_another_backend_may_take_over_where_there_is_no_connection():
    with pytest.raises(BackendUnreachable) as refused:
        complete("openai/x", asked("openai/x"))
    assert refused.value.fault.then == "again"


@needs_litellm
@pytest.mark.parametrize("fields", [{"n": 2}, {"response_format": {"type": "json_object"}}, {"tools": [{}]}])
def test_what_would_change_the_answers_meaning_is_refused(fields):
    with pytest.raises(InvalidRequest) as refused:
        complete("bedrock/x", asked("bedrock/x", **fields))
    assert refused.value.param in fields


def embed(model, **fields):
    """A call for embeddings."""
    body = {"model": "m", "input": "hi", **fields}
    return Call(json.dumps(body).encode(), body, "m", model, "id-1", stream=False, operation=EMBEDDINGS)


def test_texts_are_not_completed():
    backend = LiteLLMBackend(LiteLLMConfig(), name="b", models=[], connect_s=1)
    assert TEXT_COMPLETION not in backend.operations


@needs_litellm
@pytest.mark.parametrize(
    ("model", "fields", "param"),
    [
        ("mistral/x", {"dimensions": 3}, "dimensions"),
        ("voyage/x", {"input": [1, 2]}, "input"),
        ("voyage/x", {"input": [[1], [2]]}, "input"),
        ("anthropic/x", {}, "model"),
    ],
)
def test_vectors_that_a_provider_cannot_make_are_refused(model, fields, param):
    with pytest.raises(InvalidRequest) as refused:
        complete(model, embed(model, **fields))
    assert refused.value.param == param


@needs_litellm
@pytest.mark.parametrize(("model", "dropped"), [("voyage/x", ["user", "x_own"]), ("openai/x", ["x_own"])])
def test_what_makes_no_other_vector_is_dropped_by_name(model, dropped):
    call = embed(model, user="u", x_own=1, encoding_format="base64")
    with pytest.raises(BackendUnreachable):
        complete(model, call)
    assert list(call.dropped) == dropped


def test_vectors_stand_in_the_order_of_the_texts():
    data = [{"index": 1, "embedding": [2.0]}, {"index": 0, "embedding": [1.0]}]
    answer = json.loads(embeddings_of({"data": data}, embed("m", input=["a", "b"])))
    assert [(each["index"], each["embedding"]) for each in answer["data"]] == [(0, [1.0]), (1, [2.0])]


@pytest.mark.parametrize(
    "data",
    [
        [],
        None,
        [{"embedding": []}],
        [{"embedding": ["x"]}],
        [{"embedding": "AAAA"}],
        [{"embedding": [1.0], "index": 1}],
        [{"index": 0, "embedding": [2**70]}],
    ],
)
def test_an_answer_without_a_vector_for_each_text_is_none(data):
    assert embeddings_of({"data": data}, embed("m")) is None


def test_a_text_as_ids_is_one_text():
    assert embeddings_of({"data": [{"embedding": [1.0]}]}, embed("m", input=[1, 2])) is not None


@needs_litellm
@pytest.mark.parametrize("wants", [True, False])
def test_a_stream_under_a_budget_is_counted_by_its_provider(backend, wants):
    usage = {"prompt_tokens": 700, "completion_tokens": 40, "total_tokens": 740}
    count = b"data: " + json.dumps({"id": "c", "model": "x", "choices": [], "usage": usage}).encode() + b"\n\n"
    backend.streams(backend.chunk("x"), backend.chunk(finish="stop"), count, b"data: [DONE]\n\n")
    options = {"stream_options": {"include_usage": True}} if wants else {}
    call = replace(asked("openai/x", stream=True, **options), stream=True)
    call.meter.asks_usage = True

    async def main():
        config = LiteLLMConfig(base_url=f"{backend.url}/v1")
        litellm = LiteLLMBackend(config, name="b", models=["openai/x"], connect_s=1)
        await litellm.start()
        try:
            return b"".join([block async for block in litellm.stream(call)])
        finally:
            await litellm.stop()

    events = asyncio.run(main())
    assert json.loads(backend.bodies[-1])["stream_options"]["include_usage"]
    assert (b"prompt_tokens" in events) is wants
    assert call.meter.usage() == Usage(700, 40, "backend")
