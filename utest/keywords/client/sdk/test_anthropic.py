import json

import httpx2
import pytest

from keywords.client.sdk.anthropic import AnthropicSdkLibrary

USE = {"type": "tool_use", "id": "t1", "name": "get_weather", "input": {"city": "Oslo"}}
MESSAGE = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "tool_use",
    "content": [{"type": "text", "text": "Hi"}, USE], "usage": {"input_tokens": 1, "output_tokens": 2},
}  # fmt: skip
ERROR = {"type": "error", "error": {"type": "api_error", "message": "It broke off."}, "request_id": "r1"}
EVENTS = [
    {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "content_block_start", "index": 1, "content_block": {**USE, "input": {}}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": '{"city":'}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": ' "Oslo"}'}},
    {"type": "content_block_stop", "index": 1},
    {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"input_tokens": 9, "output_tokens": 8}},
    {"type": "message_stop"},
]


@pytest.fixture
def sdk(gateway, collector):  # noqa: ARG001  # it stands in for the network
    gateway.answers(200, json=MESSAGE, headers={"request-id": "r1"})
    return AnthropicSdkLibrary()


def stream(gateway, *events):
    wire = b"".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events)
    gateway.answers(200, content=wire, headers={"content-type": "text/event-stream"})


def test_a_message(sdk, gateway, collector):
    tool = sdk.describe_anthropic_tool("get_weather", "city")
    message = sdk.anthropic_message("Hello.", max_tokens="5", tools=[tool])
    assert (message.text, message.tool_uses, message.stop_reason) == ("Hi", 'get_weather {"city": "Oslo"}', "tool_use")
    assert (message.input_tokens, message.output_tokens, message.request_id) == (1, 2, "r1")
    asked = json.loads(gateway.asked[0].content)
    assert (asked["max_tokens"], asked["tools"], asked["model"]) == (5, [tool], "model-a")
    assert gateway.asked[0].url.path == "/v1/messages"
    ((_, exchange),) = collector.numbered()
    assert "sk-canary" not in str(exchange.request_headers)


def test_the_models_of_all_pages(sdk, gateway):
    def page(request):
        model = "b" if "after_id" in request.url.params else "a"
        listed = {"data": [{"type": "model", "id": model}], "first_id": model, "last_id": model}
        return httpx2.Response(200, json={**listed, "has_more": model == "a"})

    gateway.answer = page
    assert sdk.anthropic_list_models(limit=1) == ["a", "b"]
    assert [dict(asked.url.params) for asked in gateway.asked] == [{"limit": "1"}, {"limit": "1", "after_id": "a"}]


def test_a_temperature_asks_for_the_version_that_has_one(sdk, gateway):
    sdk.anthropic_message("Hello.", temperature=0)
    assert json.loads(gateway.asked[0].content)["temperature"] == 0
    assert gateway.asked[0].headers["anthropic-version"] == "2023-06-01"


def test_a_stream(sdk, gateway):
    stream(gateway, *EVENTS)
    message = sdk.anthropic_stream("Hello.")
    assert (message.text, message.tool_uses) == ("Hi", 'get_weather {"city": "Oslo"}')
    assert (message.input_tokens, message.output_tokens) == (9, 8)


def test_a_result_follows_its_call(sdk):
    message = sdk.anthropic_message("Is it raining?")
    asked, said, told = sdk.conversation_with_result("Is it raining?", message, "Yes.")
    assert (asked["content"], said["content"][1]["id"]) == ("Is it raining?", "t1")
    assert told["content"] == [{"type": "tool_result", "tool_use_id": "t1", "content": "Yes."}]


def test_the_class_that_is_raised_is_judged(sdk, gateway):
    gateway.answers(404, json=ERROR)
    sdk.anthropic_raises("NotFoundError", model="none")
    gateway.answers(401, json=ERROR)
    sdk.anthropic_raises("AuthenticationError", api_key="sk-wrong")
    assert gateway.asked[-1].headers["authorization"] == "Bearer sk-wrong"
    gateway.answers(500, json=ERROR)
    with pytest.raises(AssertionError, match="'InternalServerError'"):
        sdk.anthropic_raises("BadRequestError")
    assert len(gateway.asked) == 3  # nothing was tried twice


def test_a_stream_that_breaks_off_raises(sdk, gateway):
    stream(gateway, *EVENTS[:3], ERROR)
    sdk.anthropic_stream_raises("APIStatusError")
    stream(gateway, *EVENTS)
    with pytest.raises(AssertionError, match="raised nothing"):
        sdk.anthropic_stream_raises("APIStatusError")


def test_nothing_raised_fails(sdk):
    with pytest.raises(AssertionError, match="raised nothing"):
        sdk.anthropic_raises("BadRequestError")
