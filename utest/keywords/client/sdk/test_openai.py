import base64
import struct

import pytest
from assertionengine import AssertionOperator

from keywords.client.sdk.openai import OpenAISdkLibrary
from keywords.client.sdk.openai_text import OpenAISdkTextLibrary

EQUAL = AssertionOperator["=="]


@pytest.fixture
def sdk(collector):  # noqa: ARG001 - it stands in for the network
    return OpenAISdkLibrary()


def test_the_package_chats(sdk, gateway, collector):
    answer = sdk.openai_chat("Hello", temperature=0, max_tokens=5)
    assert (answer.text, answer.finish_reason, answer.model) == ("OK", "stop", "model-a")
    assert sdk.get_openai_text(answer, EQUAL, "OK") == "OK"
    assert sdk.get_openai_usage(answer, "total_tokens", EQUAL, 5) == 5
    assert gateway.asked[0].headers["authorization"] == "Bearer sk-canary"
    ((_, exchange),) = collector.numbered()
    assert exchange.request_headers["authorization"] == "<secret>"


def test_the_package_streams(sdk, gateway, make):
    gateway.streams(*make.good_stream[:-1], make.chunk(usage=make.usage), "[DONE]")
    answer = sdk.openai_stream("Hello")
    assert (answer.text, answer.finish_reason, answer.chunks, answer.usage.total_tokens) == ("Héllo", "stop", 5, 5)
    assert gateway.bodies[0]["stream_options"] == {"include_usage": True}


def test_the_package_lists_models(sdk, gateway):
    gateway.answers(
        200, json={"object": "list", "data": [{"id": "a", "object": "model", "created": 1, "owned_by": "x"}]}
    )
    assert sdk.openai_list_models() == ["a"]


def test_the_class_that_is_raised_is_judged(sdk, gateway, make):
    gateway.answers(400, json=make.error)
    sdk.openai_bad_request_raises("BadRequestError")
    gateway.answers(404, json=make.error)
    sdk.openai_unknown_model_raises("NotFoundError")
    gateway.answers(401, json=make.error)
    sdk.openai_wrong_key_raises("AuthenticationError")
    assert [body["model"] for body in gateway.bodies] == ["model-a", "no-such-model", "model-a"]
    assert [request.headers["authorization"][-5:] for request in gateway.asked] == ["anary", "anary", "wrong"]
    gateway.answers(500, json=make.error)
    with pytest.raises(AssertionError, match="temperature of 99 should be 'BadRequestError', got 'InternalS"):
        sdk.openai_bad_request_raises("BadRequestError")
    assert len(gateway.asked) == 4  # nothing was tried twice


def test_nothing_raised_fails(sdk):
    with pytest.raises(AssertionError, match="raised nothing"):
        sdk.openai_bad_request_raises("BadRequestError")


def test_a_recorded_stream_is_replayed_to_the_package(sdk, gateway, make):
    gateway.streams(*make.good_stream[:2], make.error, "[DONE]")
    broken = gateway.client.stream("Hello")
    sdk.openai_raises_for_stream(broken, "APIError")
    gateway.streams(*make.good_stream)
    with pytest.raises(AssertionError, match="raised nothing"):
        sdk.openai_raises_for_stream(gateway.client.stream("Hello"), "APIError")


def test_the_package_completes_text(sdk, gateway):  # noqa: ARG001 - it stands in for the network
    choice = {"index": 0, "text": "OK", "logprobs": None, "finish_reason": "stop"}
    whole = {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "m", "choices": [choice]}
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    gateway.answers(200, json={**whole, "usage": usage})
    answer = OpenAISdkTextLibrary().openai_complete("Once")
    assert (answer.text, answer.finish_reason, answer.usage.total_tokens) == ("OK", "stop", 5)
    gateway.streams(whole, {**whole, "choices": [], "usage": usage}, "[DONE]")
    stream = OpenAISdkTextLibrary().openai_stream_completion("Once")
    assert (stream.text, stream.finish_reason, stream.usage.total_tokens, stream.chunks) == ("OK", "stop", 5, 2)


def test_the_package_unpacks_vectors(sdk, gateway):  # noqa: ARG001 - as above
    packed = base64.b64encode(struct.pack("<2f", 0.5, -0.25)).decode()
    entry = {"object": "embedding", "index": 0, "embedding": packed}
    usage = {"prompt_tokens": 3, "total_tokens": 3}
    gateway.answers(200, json={"object": "list", "data": [entry], "model": "m", "usage": usage})
    assert OpenAISdkTextLibrary().openai_embed("a") == [[0.5, -0.25]]
    assert gateway.bodies[0]["encoding_format"] == "base64"
