"""The translation of a Messages request to a chat request, and its validation."""

import orjson
import pytest

from gateway.backends.anthropic.tool_ids import anthropic_id
from gateway.backends.base import Call
from gateway.backends.openai.azure import AzureBackend, AzureConfig
from gateway.backends.openai.backend import OpenAIBackend, OpenAIConfig
from gateway.errors.base import InvalidRequest
from gateway.formats.anthropic.request import chat_call
from gateway.formats.anthropic.schema import check

OLD, NEW = "2023-06-01", "2026-10-21"
PLAIN = {"model": "c", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
TOOL = {"name": "add", "description": "adds", "input_schema": {"type": "object"}}
FUNCTION = {"name": "add", "description": "adds", "parameters": {"type": "object"}}
PIXEL = {"type": "base64", "media_type": "image/png", "data": "AA=="}


def translated(*, strict=False, dropped=(), limit_field="max_tokens", **fields):
    fields = {**PLAIN, **fields}
    check(fields, OLD)
    call = Call(b"", fields, "c", "inner", "id", stream=bool(fields.get("stream")), strict=strict)
    new = chat_call(call, limit_field)
    assert orjson.loads(new.body) == new.fields
    assert list(call.dropped) == list(dropped)
    return new.fields


def messages(*turns, dropped=(), **fields):
    return translated(messages=list(turns), dropped=dropped, **fields)["messages"]


def user(*blocks):
    return {"role": "user", "content": list(blocks)}


def text(text, **more):
    return {"type": "text", "text": text, **more}


def result(*call_ids_and_blocks):
    call_id, *blocks = call_ids_and_blocks
    return user({"type": "tool_result", "tool_use_id": call_id, "content": blocks or "done"})


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


PICTURE = {"type": "image", "source": PIXEL}
PICTURE_PART = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
USES = {
    "role": "assistant",
    "content": [{"type": "tool_use", "id": call_id, "name": "f", "input": {}} for call_id in ("t1", "t2")],
}


def order(*turns):
    """The roles of the messages, with the id of each result and the texts of each user's message."""
    found = []
    for message in messages(*turns):
        content = message["content"]
        texts = [part.get("text", "picture") for part in content] if isinstance(content, list) else [content]
        found.append(message.get("tool_call_id") or (message["role"], *texts))
    return found


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        ([user(text("see"), *result("t1")["content"])], ["t1", ("user", "see")]),
        (
            [user(*result("t1")["content"], text("a"), *result("t2")["content"], text("b"))],
            ["t1", "t2", ("user", "a", "b")],
        ),
        ([user(*result("t1")["content"], *result("t2")["content"])], ["t1", "t2"]),
        ([user(*result("t1")["content"], text("a")), result("t2")], ["t1", "t2", ("user", "a")]),
        ([{"role": "user", "content": "a"}, result("t1"), result("t2")], ["t1", "t2", ("user", "a")]),
    ],
)
def test_the_results_of_tools_follow_their_calls_and_the_user_speaks_after_them(turns, expected):
    start, end = {"role": "user", "content": "go"}, {"role": "assistant", "content": "ok"}
    found = order(start, USES, *turns, end, USES, *turns)
    calls = ("assistant", None)
    assert found == [("user", "go"), calls, *expected, ("assistant", "ok"), calls, *expected]
    assert [m["role"] for m in messages(USES, result("t1"), result("t2"), system="s")][:2] == ["system", "assistant"]


@pytest.mark.parametrize(
    ("block", "part"),
    [
        (PICTURE, PICTURE_PART),
        (
            {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "AA=="}},
            {"type": "file", "file": {"filename": "document.pdf", "file_data": "data:application/pdf;base64,AA=="}},
        ),
    ],
)
def test_what_a_result_shows_comes_from_the_user_after_it(block, part):
    shown = messages(
        USES, user(*result("t1", text("a"), block)["content"], *result("t2", block)["content"], text("so?"))
    )
    assert [(m["role"], m["content"]) for m in shown[1:]] == [
        ("tool", "a"),
        ("tool", "The user shows the result."),
        (
            "user",
            [text("Result of the tool call t1:"), part, text("Result of the tool call t2:"), part, text("so?")],
        ),
    ]


@pytest.mark.parametrize(
    ("source", "content"),
    [
        ({"type": "text", "media_type": "text/plain", "data": "words"}, [text("name"), text("words")]),
        ({"type": "content", "content": "words"}, [text("name"), text("words")]),
        ({"type": "content", "content": [text("words"), PICTURE]}, [text("name"), text("words"), PICTURE_PART]),
        (
            {"type": "base64", "media_type": "application/pdf", "data": "AA=="},
            [{"type": "file", "file": {"filename": "name", "file_data": "data:application/pdf;base64,AA=="}}],
        ),
    ],
)
def test_documents(source, content):
    assert messages(user({"type": "document", "title": "name", "source": source}))[0]["content"] == content


def test_the_betas_form_of_an_answer_is_kept():
    form = {"type": "json_schema", "schema": {"type": "object"}}
    expected = translated(output_config={"format": form})["response_format"]
    assert translated(output_format=form)["response_format"] == expected
    other = {"type": "json_schema", "schema": {"type": "string"}}
    assert translated(output_format=other, output_config={"format": form})["response_format"] == expected
    assert "response_format" not in translated(output_format=None, mcp_servers=[])


def test_an_id_goes_back_to_the_server_that_made_it():
    first, second = "functions.f:0", "call_1"
    uses = [{"type": "tool_use", "id": anthropic_id(i), "name": "f", "input": {}} for i in (first, second)]
    back = messages({"role": "assistant", "content": uses}, result(anthropic_id(first)), result(anthropic_id(second)))
    assert [call["id"] for call in back[0]["tool_calls"]] == [first, second]
    assert [message["tool_call_id"] for message in back[1:]] == [first, second]
