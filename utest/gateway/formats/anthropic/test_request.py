"""The translation of a Messages request to a chat request, and its validation."""

import pytest

from gateway.backends.openai.azure import AzureBackend, AzureConfig
from gateway.backends.openai.backend import OpenAIBackend, OpenAIConfig
from gateway.errors.base import InvalidRequest
from gateway.formats.anthropic.schema import check
from utest.gateway.formats.anthropic.chat_requests import (
    FUNCTION,
    NEW,
    OLD,
    PIXEL,
    PLAIN,
    TOOL,
    messages,
    result,
    text,
    translated,
    user,
)


def test_a_plain_request():
    assert translated() == PLAIN


def test_the_limit_has_the_name_of_the_backend():
    request = translated(limit_field="max_completion_tokens")
    assert (request["max_completion_tokens"], "max_tokens" in request) == (9, False)


@pytest.mark.parametrize(
    ("backend", "name"),
    [
        (OpenAIBackend(OpenAIConfig(base_url="https://api.openai.com/v1"), name="b"), "max_completion_tokens"),
        (OpenAIBackend(OpenAIConfig(base_url="http://127.0.0.1:8000/v1"), name="b"), "max_tokens"),
        (AzureBackend(AzureConfig(base_url="https://x"), name="b", connect_s=1), "max_completion_tokens"),
        *(
            (
                AzureBackend(AzureConfig(base_url="https://x", api_version=version), name="b", connect_s=1),
                "max_completion_tokens" if is_newer else "max_tokens",
            )
            for version, is_newer in (
                ("2023-05-15", False),
                ("2024-06-01", False),
                ("2024-08-01-preview", False),
                ("2024-09-01-preview", True),
                ("2024-10-21", True),
                ("2024-12-01-preview", True),
                ("2025-04-01-preview", True),
            )
        ),
        *(
            (OpenAIBackend(OpenAIConfig(base_url=f"https://{host}/v1"), name="b"), name)
            for host, name in (
                ("eu.api.openai.com", "max_completion_tokens"),
                ("us.api.openai.com:443", "max_completion_tokens"),
                ("API.OpenAI.com", "max_completion_tokens"),
                ("x.openai.azure.com/openai", "max_completion_tokens"),
                ("myapi.openai.com", "max_tokens"),
                ("api.openai.com.example", "max_tokens"),
            )
        ),
    ],
)
def test_the_name_of_the_limit_of_each_backend(backend, name):
    assert backend.limit_field == name


def test_parameters():
    request = translated(
        temperature=0.5, top_p=0.9, top_k=3, stop_sequences=["x"], metadata={"user_id": "u"}, stream=True,
        thinking={"type": "disabled"}, system=None, service_tier=None,
        output_config={"effort": "low", "format": {"type": "json_schema", "schema": {"type": "object"}}},
    )  # fmt: skip
    schema = {"name": "answer", "schema": {"type": "object"}, "strict": True}
    assert request == {
        **PLAIN, "temperature": 0.5, "top_p": 0.9, "top_k": 3, "stop": ["x"], "user": "u", "stream": True,
        "stream_options": {"include_usage": True}, "reasoning_effort": "low",
        "response_format": {"type": "json_schema", "json_schema": schema},
    }  # fmt: skip


def test_system_comes_first():
    assert messages({"role": "user", "content": "hi"}, system="Be brief.")[0] == {
        "role": "system",
        "content": "Be brief.",
    }
    assert messages({"role": "user", "content": "hi"}, system=[text("a")])[0]["content"] == "a"
    both = messages({"role": "user", "content": "hi"}, system=[text("a"), text("b")])[0]["content"]
    assert both == [text("a"), text("b")]


def test_texts_and_images():
    assert messages(user(text("hi"))) == [{"role": "user", "content": "hi"}]
    picture = {"type": "image", "source": PIXEL}
    by_url = {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}}
    assert messages(user(text("what?"), picture, by_url))[0]["content"] == [
        text("what?"),
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
        {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
    ]


def test_tools():
    request = translated(tools=[TOOL], tool_choice={"type": "auto"})
    assert request["tools"] == [{"type": "function", "function": FUNCTION}]
    assert request["tool_choice"] == "auto"
    assert "parallel_tool_calls" not in request
    for choice, expected in (
        ({"type": "any"}, "required"),
        ({"type": "none"}, "none"),
        ({"type": "tool", "name": "add"}, {"type": "function", "function": {"name": "add"}}),
    ):
        assert translated(tools=[{**TOOL, "type": "custom"}], tool_choice=choice)["tool_choice"] == expected
    one = translated(tools=[TOOL], tool_choice={"type": "auto", "disable_parallel_tool_use": True})
    assert one["parallel_tool_calls"] is False


@pytest.mark.parametrize("tools", [{}, {"tools": []}, {"tools": None}])
@pytest.mark.parametrize("choice", [{"type": "any"}, {"type": "tool", "name": "add"}])
def test_a_call_that_must_be_made_needs_tools(tools, choice):
    with pytest.raises(InvalidRequest, match="Send 'tools'") as refused:
        translated(tool_choice=choice, **tools)
    assert refused.value.param == "tool_choice"


@pytest.mark.parametrize("choice", [{"type": "auto"}, {"type": "none"}])
def test_a_choice_that_needs_no_tools_is_left_out_without_them(choice):
    assert "tool_choice" not in translated(tool_choice=choice)


def test_calls_of_tools_and_their_results():
    use = {"type": "tool_use", "id": "t1", "name": "add", "input": {"a": 1}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": "2"}
    parts = {"type": "tool_result", "tool_use_id": "t2", "content": [text("3")]}
    empty = {"type": "tool_result", "tool_use_id": "t3"}
    assert messages(
        {"role": "assistant", "content": [text("Let me see."), use]}, user(result, parts, empty, text("And?"))
    ) == [
        {
            "role": "assistant",
            "content": "Let me see.",
            "tool_calls": [{"id": "t1", "type": "function", "function": {"name": "add", "arguments": '{"a":1}'}}],
        },
        {"role": "tool", "tool_call_id": "t1", "content": "2"},
        {"role": "tool", "tool_call_id": "t2", "content": "3"},
        {"role": "tool", "tool_call_id": "t3", "content": ""},
        {"role": "user", "content": "And?"},
    ]
    assert messages({"role": "assistant", "content": [use]})[0]["content"] is None


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"container": "c"}, "container"),
        ({"thinking": {"type": "adaptive"}}, "thinking"),
        ({"max_tokens": 2000, "thinking": {"type": "enabled", "budget_tokens": 1024}}, "thinking"),
        ({"service_tier": "auto"}, "service_tier"),
        ({"metadata": {"x": 1}}, "metadata.x"),
        ({"output_config": {"effort": "max"}}, "output_config.effort"),
        ({"system": [text("a", cache_control={"type": "ephemeral"})]}, "system[].cache_control"),
        ({"tools": [{**TOOL, "cache_control": {"type": "ephemeral"}}]}, "tools[].cache_control"),
        ({"messages": [user(text("a", citations=[1]))]}, "messages[].content[].citations"),
        (
            {"messages": [user({"type": "tool_result", "tool_use_id": "t", "content": "no", "is_error": True})]},
            "messages[].content[].is_error",
        ),
        (
            {"messages": [{"role": "assistant", "content": [{"type": "thinking", "thinking": "", "signature": ""}]}]},
            "messages[].content[].thinking",
        ),
    ],
)
def test_a_field_without_a_counterpart_is_dropped_and_named_or_refused(fields, name):
    translated(**fields, dropped=[name])
    with pytest.raises(InvalidRequest) as refused:
        translated(**fields, strict=True)
    assert (refused.value.param, refused.value.code) == (name, "unsupported_parameter")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"max_tokens": 0}, "max_tokens"),
        ({"messages": [user({"type": "document", "source": {}})]}, "messages[0].content[0].source.type"),
        (
            {"messages": [user({"type": "image", "source": {"type": "file", "file_id": "f"}})]},
            "messages[0].content[0].source.type",
        ),
        (
            {"messages": [user({"type": "document", "source": {"type": "url", "url": "u"}})]},
            "messages[0].content[0].source.type",
        ),
        (
            {"messages": [user({"type": "document", "source": {"type": "content", "content": [{"type": "x"}]}})]},
            "messages[0].content[0].source.type",
        ),
        ({"messages": [user({"type": "document", "source": 3})]}, "messages[0].content[0].type"),
        ({"messages": [result("t", {"type": "search_result"})]}, "messages[0].content[0].content[0].type"),
        ({"mcp_servers": [{"type": "url", "url": "https://x", "name": "n"}]}, "mcp_servers"),
        ({"tools": [TOOL, {"type": "web_search_20250305", "name": "web_search"}]}, "tools[1].type"),
    ],
)
def test_a_loss_that_would_change_the_meaning_is_refused(fields, param):
    with pytest.raises(InvalidRequest) as refused:
        translated(**fields)
    assert refused.value.param == param


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": None}, "model"),
        ({"max_tokens": None}, "max_tokens"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": []}]}, "messages[0].content"),
        ({"messages": [user({"type": "text"})]}, "messages[0].content[0].text"),
        (
            {"messages": [user({"type": "image", "source": {"type": "base64"}})]},
            "messages[0].content[0].source.media_type",
        ),
        ({"messages": [user({"type": "tool_result"})]}, "messages[0].content[0].tool_use_id"),
        (
            {"messages": [user({"type": "tool_use", "id": "t", "name": "add", "input": "{}"})]},
            "messages[0].content[0].input",
        ),
        ({"system": 1}, "system"),
        ({"system": [{"type": "image"}]}, "system[0].type"),
        ({"temperature": 1.5}, "temperature"),
        ({"top_p": -0.1}, "top_p"),
        ({"top_k": -1}, "top_k"),
        ({"stop_sequences": "x"}, "stop_sequences"),
        ({"stop_sequences": [""]}, "stop_sequences[0]"),
        ({"stream": "yes"}, "stream"),
        ({"tools": [{"name": "add"}]}, "tools[0].input_schema"),
        ({"tool_choice": "auto"}, "tool_choice"),
        ({"tool_choice": {"type": "tool"}}, "tool_choice.name"),
        ({"tool_choice": {"type": "all"}}, "tool_choice.type"),
        ({"metadata": {"user_id": 1}}, "metadata.user_id"),
        ({"thinking": {"type": "enabled"}}, "thinking.budget_tokens"),
        ({"thinking": {"type": "enabled", "budget_tokens": 1023}}, "thinking.budget_tokens"),
        ({"output_format": {"type": "json_schema"}}, "output_format.schema"),
        ({"output_format": "json"}, "output_format"),
        ({"Max_Tokens": 1}, "Max_Tokens"),
    ],
)
def test_an_invalid_field_is_named(fields, param):
    with pytest.raises(InvalidRequest) as refused:
        check({**PLAIN, **fields}, OLD)
    assert refused.value.param == param
    assert "leave it out" not in refused.value.message or param not in {"model", "max_tokens", "messages"}


@pytest.mark.parametrize("name", ["temperature", "top_p", "top_k"])
def test_the_newer_version_takes_no_sampling_parameters(name):
    check({**PLAIN, name: 1}, OLD)
    check({**PLAIN, name: None}, NEW)
    with pytest.raises(InvalidRequest, match=f"anthropic-version: {OLD}") as refused:
        check({**PLAIN, name: 1}, NEW)
    assert refused.value.param == name
