"""From an OpenAI chat request to Anthropic's."""

import pytest

from gateway.backends.anthropic.request import anthropic_request
from gateway.errors.base import InvalidRequest
from utest.gateway.backends.anthropic.anthropic_requests import called, translated


def test_a_plain_request_gets_the_limit_of_the_configuration():
    assert translated() == {
        "model": "claude",
        "max_tokens": 4096,
        "messages": [{"role": "user", "content": "hi"}],
    }


@pytest.mark.parametrize("fields", [{"max_tokens": 9}, {"max_completion_tokens": 9}])
def test_the_clients_own_limit_stands(fields):
    assert translated(**fields)["max_tokens"] == 9


def test_parameters():
    request = translated(
        temperature=0.5, top_p=0.9, top_k=3, stop="x", user="u1", stream=True, stream_options={"include_usage": True},
        n=1, store=False, frequency_penalty=0, logprobs=False, seed=None, thinking={"type": "adaptive"},
        reasoning_effort="low", service_tier="auto",
    )  # fmt: skip
    assert request == {
        "model": "claude", "max_tokens": 4096, "messages": [{"role": "user", "content": "hi"}], "temperature": 0.5,
        "top_p": 0.9, "top_k": 3, "stop_sequences": ["x"], "metadata": {"user_id": "u1"}, "stream": True,
        "thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}, "service_tier": "auto",
    }  # fmt: skip
    assert translated(stop=["a", "b"])["stop_sequences"] == ["a", "b"]


def test_system_messages_are_lifted_out():
    system = {"role": "system", "content": "be brief"}
    user = {"role": "user", "content": "hi"}
    request = translated(messages=[system, user])
    assert (request["system"], request["messages"]) == ("be brief", [user])
    cached = {"type": "text", "text": "long", "cache_control": {"type": "ephemeral"}}
    request = translated(messages=[system, user, {"role": "developer", "content": [cached]}])
    assert request["system"] == [{"type": "text", "text": "be brief"}, cached]
    assert request["messages"] == [user]


@pytest.mark.parametrize(
    ("message", "sent"),
    [
        ({"content": None, "refusal": "No."}, "No."),
        ({"refusal": "No."}, "No."),
        ({"content": [{"type": "refusal", "refusal": "No."}], "refusal": None}, [{"type": "text", "text": "No."}]),
    ],
)
def test_a_refusal_is_what_the_assistant_said(message, sent):
    call = called(messages=[{"role": "user", "content": "hi"}, {"role": "assistant", **message}])
    assert anthropic_request(call, max_tokens=4096)["messages"][1] == {"role": "assistant", "content": sent}
    assert call.dropped == {}


def test_calls_of_tools_and_their_results():
    calls = [
        {"id": "t1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}},
        {"id": "t2", "type": "function", "function": {"name": "now", "arguments": ""}},
    ]
    thought = {"type": "thinking", "thinking": "hm", "signature": "s"}
    request = translated(
        messages=[
            {"role": "user", "content": "go"},
            {
                "role": "assistant",
                "content": "Well",
                "tool_calls": calls,
                "reasoning": "hm",
                "thinking_blocks": [thought],
            },
            {"role": "tool", "content": "2", "tool_call_id": "t1"},
            {"role": "tool", "content": [{"type": "text", "text": "noon"}], "tool_call_id": "t2"},
            {"role": "user", "content": "thanks"},
            {"role": "assistant", "content": None, "tool_calls": calls[:1]},
            {"role": "tool", "content": "3", "tool_call_id": "t1"},
        ]
    )
    use = {"type": "tool_use", "id": "t1", "name": "add", "input": {"a": 1}}
    assert request["messages"] == [
        {"role": "user", "content": "go"},
        {
            "role": "assistant",
            "content": [
                thought,
                {"type": "text", "text": "Well"},
                use,
                {"type": "tool_use", "id": "t2", "name": "now", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": "2"},
                {"type": "tool_result", "tool_use_id": "t2", "content": [{"type": "text", "text": "noon"}]},
            ],
        },
        {"role": "user", "content": "thanks"},
        {"role": "assistant", "content": [use]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "3"}]},
    ]


ADD = {"type": "function", "function": {"name": "add", "description": "adds", "parameters": {"type": "object"}}}


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({}, None),
        ({"tool_choice": "auto"}, {"type": "auto"}),
        ({"tool_choice": "none", "parallel_tool_calls": False}, {"type": "none"}),
        ({"tool_choice": "required"}, {"type": "any"}),
        ({"tool_choice": {"type": "function", "function": {"name": "add"}}}, {"type": "tool", "name": "add"}),
        ({"parallel_tool_calls": False}, {"type": "auto", "disable_parallel_tool_use": True}),
        (
            {"parallel_tool_calls": False, "tool_choice": "required"},
            {"type": "any", "disable_parallel_tool_use": True},
        ),
        ({"parallel_tool_calls": True}, None),
    ],
)
def test_tools_and_their_choice(given, sent):
    search = {"type": "web_search_20250305", "name": "web_search"}
    request = translated(
        tools=[ADD, {"type": "function", "function": {"name": "now", "strict": True}}, search], **given
    )
    assert request["tools"] == [
        {"name": "add", "input_schema": {"type": "object"}, "description": "adds"},
        {"name": "now", "input_schema": {"type": "object", "properties": {}}, "strict": True},
        search,
    ]
    assert request.get("tool_choice") == sent


def test_images():
    parts = [
        {"type": "text", "text": "what?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "auto"}},
        {"type": "image_url", "image_url": {"url": "https://x.example/y.png"}},
        {"type": "text", "text": ""},
    ]
    assert translated(messages=[{"role": "user", "content": parts}])["messages"][0]["content"] == [
        {"type": "text", "text": "what?"},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
        {"type": "image", "source": {"type": "url", "url": "https://x.example/y.png"}},
    ]


def test_a_json_schema():
    schema = {"type": "object", "properties": {}, "additionalProperties": False}
    given = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema, "strict": True}}
    assert translated(response_format=given, reasoning_effort="high")["output_config"] == {
        "effort": "high",
        "format": {"type": "json_schema", "schema": schema},
    }
    assert "output_config" not in translated(response_format={"type": "text"})


def test_what_anthropic_does_not_know_is_dropped_by_name():
    image = {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "high"}}
    call = called(
        seed=1, logprobs=True, top_logprobs=2, frequency_penalty=0.5, presence_penalty=1, logit_bias={"1": 1},
        x_new=1, reasoning_effort="minimal", service_tier="flex", metadata={"a": "b"},
        messages=[{"role": "user", "content": [image], "name": "Ann"}, {"role": "user", "content": "b", "name": "Bob"}],
    )  # fmt: skip
    request = anthropic_request(call, max_tokens=1)
    assert sorted(call.dropped) == [
        "frequency_penalty", "logit_bias", "logprobs", "messages[].content[].image_url.detail", "messages[].name",
        "metadata", "presence_penalty", "reasoning_effort", "seed", "service_tier", "top_logprobs", "x_new",
    ]  # fmt: skip
    assert sorted(request) == ["max_tokens", "messages", "model"]


@pytest.mark.parametrize(
    "fields",
    [
        {"seed": 1},
        {"reasoning_effort": "minimal"},
        {"service_tier": "flex"},
        {"stop": ["\n"]},
        {"response_format": {"type": "json_object"}},
    ],
)
def test_a_strict_call_is_refused_rather_than_stripped(fields):
    with pytest.raises(InvalidRequest) as refusal:
        anthropic_request(called(strict=True, **fields), max_tokens=1)
    assert (refusal.value.param, refusal.value.code) == (*fields, "unsupported_parameter")


def of_user(*parts):
    return [{"role": "user", "content": list(parts)}]


# What orjson reads, and cannot write.
TOO_DEEP = '{"a":' * 300 + "1" + "}" * 300


def of_call(**call):
    return [{"role": "assistant", "tool_calls": [{"id": "1", **call}]}]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": 2}, "n"),
        ({"functions": [{"name": "f"}]}, "functions"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"messages": [{"role": "assistant", "audio": {"id": "audio_1"}}]}, "messages[0].audio"),
        ({"messages": [{"role": "assistant", "content": None, "audio": {"id": "audio_1"}}]}, "messages[0].audio"),
        ({"response_format": {"type": "grammar"}}, "response_format.type"),
        ({"tools": [{"type": "custom", "custom": {"name": "c"}}]}, "tools[0].type"),
        ({"tools": [ADD], "tool_choice": {"type": "allowed_tools", "allowed_tools": {}}}, "tool_choice"),
        ({"messages": [{"role": "function", "name": "f", "content": "1"}]}, "messages[0]"),
        ({"messages": [{"role": "assistant", "function_call": {"name": "f", "arguments": ""}}]}, "messages[0]"),
        ({"messages": of_user({"type": "input_audio", "input_audio": {}})}, "messages[0].content[0]"),
        ({"messages": of_user({"type": "file", "file": {}})}, "messages[0].content[0]"),
        (
            {"messages": of_user({"type": "image_url", "image_url": {"url": "file:///x"}})},
            "messages[0].content[0].image_url.url",
        ),
        (
            {
                "messages": of_call(
                    type="function", function={"name": "f", "arguments": '{"a":' * 300 + "1" + "}" * 300}
                )
            },
            "messages[0].tool_calls[0].function.arguments",
        ),
        ({"messages": of_call(type="custom", custom={})}, "messages[0].tool_calls[0].type"),
        *(
            (
                {"messages": [{"role": "assistant", "content": "a", "thinking_blocks": thoughts}]},
                "messages[0].thinking_blocks",
            )
            for thoughts in (7, "x", {"type": "thinking"}, ["x"])
        ),
    ],
)
def test_what_would_change_the_meaning_is_refused(fields, param):
    with pytest.raises(InvalidRequest) as refusal:
        anthropic_request(called(**fields), max_tokens=1)
    assert refusal.value.param == param


@pytest.mark.parametrize(
    ("stop", "sent", "dropped"),
    [
        ("", None, []),
        ([""], None, []),
        ([], None, []),
        (["", "ZZZ"], ["ZZZ"], []),
        ("\n", None, ["stop"]),
        (["\n\n", "a", " "], ["a"], ["stop"]),
        ([" a"], [" a"], []),
    ],
)
def test_empty_stops_are_left_out_and_blank_ones_by_name(stop, sent, dropped):
    call = called(stop=stop)
    assert anthropic_request(call, max_tokens=1).get("stop_sequences") == sent
    assert list(call.dropped) == dropped


@pytest.mark.parametrize(
    ("parameters", "schema"),
    [
        ({"properties": {"a": {}}}, {"properties": {"a": {}}, "type": "object"}),
        ({"type": None, "properties": {}}, {"type": "object", "properties": {}}),
        ({"anyOf": [{}]}, {"anyOf": [{}], "type": "object"}),
        ({"type": "object", "required": []}, {"type": "object", "required": []}),
        ({}, {"type": "object", "properties": {}}),
        (None, {"type": "object", "properties": {}}),
    ],
)
def test_the_schema_of_a_tool_has_a_type(parameters, schema):
    request = translated(tools=[{"type": "function", "function": {"name": "f", "parameters": parameters}}])
    assert request["tools"][0]["input_schema"] == schema


@pytest.mark.parametrize(("system", "texts"), [([], 0), (["Be brief."], 1), (["a", "b"], 2)])
def test_json_is_asked_for_where_anthropic_has_no_such_form(system, texts):
    messages = [*({"role": "system", "content": text} for text in system), {"role": "user", "content": "hi"}]
    call = called(messages=messages, response_format={"type": "json_object"})
    sent = anthropic_request(call, max_tokens=1)["system"]
    assert (list(call.dropped), "JSON object" in str(sent)) == (["response_format"], True)
    assert isinstance(sent, str) if not texts else [block["text"] for block in sent[:-1]] == system


@pytest.mark.parametrize("tier", [[], ["auto"], {"a": 1}, 7])
def test_a_service_tier_of_another_type_is_dropped(tier):
    call = called(service_tier=tier)
    assert "service_tier" not in anthropic_request(call, max_tokens=1)
