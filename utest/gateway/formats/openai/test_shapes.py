"""The validation of parts, tools, tool calls and formats: what passes, and which invalid field is named."""

import time

import pytest

from gateway.errors.base import InvalidRequest
from gateway.formats.openai.chat import ChatRequest
from gateway.formats.problems import check

FUNCTION = {"name": "f", "description": "d", "parameters": {"type": "object"}, "strict": True}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
NAMED = {"type": "function", "function": {"name": "f"}}
CUSTOM_TOOL = {"type": "custom", "custom": {"name": "f"}}
SCHEMA = {"name": "s", "schema": {"type": "object"}}


def request(**fields):
    return {"model": "m", "messages": [{"role": "user", "content": "hi"}], **fields}


def with_part(part, role="user"):
    return {"messages": [{"role": role, "content": [{"type": "text", "text": "x"}, part]}]}


def with_call(**changes):
    call = {key: value for key, value in {**CALL, **changes}.items() if value is not ...}
    return {"messages": [{"role": "assistant", "tool_calls": [call]}]}


def with_tool(**changes):
    return {"tools": [{"type": "function", "function": changes}]}


def with_assistant(**fields):
    return {"messages": [{"role": "assistant", **fields}]}


def with_format(json_schema):
    return {"response_format": {"type": "json_schema", "json_schema": json_schema}}


PART = "messages[0].content[1]"
TOOL_CALL = "messages[0].tool_calls[0]"
FORMAT = "response_format.json_schema"
MISSING, TYPE, VALUE, EMPTY = "missing_required_parameter", "invalid_type", "invalid_value", "empty_string"

# fields added to a valid request, code, param
WRONG = [
    (with_part({"type": "text"}), MISSING, f"{PART}.text"),
    (with_part({"type": "text", "text": None}), TYPE, f"{PART}.text"),
    (with_part({"type": "text", "text": ["a"]}, role="system"), TYPE, f"{PART}.text"),
    (with_part({"type": "text", "text": {"text": 1}}), TYPE, f"{PART}.text"),
    (with_part({"type": "text"}, role="assistant"), MISSING, f"{PART}.text"),
    (with_part({"type": "refusal"}, role="assistant"), MISSING, f"{PART}.refusal"),
    (with_part({"type": "image_url"}), MISSING, f"{PART}.image_url"),
    (with_part({"type": "image_url", "image_url": "http://x"}), TYPE, f"{PART}.image_url"),
    (with_part({"type": "image_url", "image_url": {}}), MISSING, f"{PART}.image_url.url"),
    (with_part({"type": "image_url", "image_url": {"url": 5, "image_url": {}}}), TYPE, f"{PART}.image_url.url"),
    (with_part({"type": "input_audio", "input_audio": {"data": "AA"}}), MISSING, f"{PART}.input_audio.format"),
    (with_part({"type": "file", "file": "f"}), TYPE, f"{PART}.file"),
    (with_part({"type": 5}), TYPE, f"{PART}.type"),
    (with_part({"type": []}), TYPE, f"{PART}.type"),
    (with_part({"type": ""}), EMPTY, f"{PART}.type"),
    (with_part("x"), TYPE, PART),
    (with_call(id=...), MISSING, f"{TOOL_CALL}.id"),
    (with_call(id=1), TYPE, f"{TOOL_CALL}.id"),
    (with_call(type=...), MISSING, f"{TOOL_CALL}.type"),
    (with_call(function=...), MISSING, f"{TOOL_CALL}.function"),
    (with_call(function=[]), TYPE, f"{TOOL_CALL}.function"),
    (with_call(function={"arguments": "{}"}), MISSING, f"{TOOL_CALL}.function.name"),
    (with_call(function={"name": 14, "arguments": "{}"}), TYPE, f"{TOOL_CALL}.function.name"),
    (with_call(function={"name": "f"}), MISSING, f"{TOOL_CALL}.function.arguments"),
    (with_call(function={"name": "f", "arguments": {}}), TYPE, f"{TOOL_CALL}.function.arguments"),
    (with_call(type="custom", custom={"name": "c"}), MISSING, f"{TOOL_CALL}.custom.input"),
    ({"messages": [{"role": "assistant", "tool_calls": ["x"]}]}, TYPE, TOOL_CALL),
    (
        {"messages": [{"role": "assistant", "function_call": {"name": "f"}}]},
        MISSING,
        "messages[0].function_call.arguments",
    ),
    ({"tools": ["x"]}, TYPE, "tools[0]"),
    ({"tools": [{}]}, MISSING, "tools[0].type"),
    ({"tools": [{"type": "function"}]}, MISSING, "tools[0].function"),
    ({"tools": [{"type": "function", "function": None}]}, TYPE, "tools[0].function"),
    (with_tool(), MISSING, "tools[0].function.name"),
    (with_tool(name=5), TYPE, "tools[0].function.name"),
    (with_tool(name=""), EMPTY, "tools[0].function.name"),
    (with_tool(name="f", parameters=[]), TYPE, "tools[0].function.parameters"),
    (with_tool(name="f", description=5), TYPE, "tools[0].function.description"),
    (with_tool(name="f", strict="yes"), TYPE, "tools[0].function.strict"),
    ({"tools": [{"type": "custom", "custom": {}}]}, MISSING, "tools[0].custom.name"),
    ({"functions": [{"parameters": {}}]}, MISSING, "functions[0].name"),
    ({"tool_choice": "no-such"}, VALUE, "tool_choice"),
    ({"tool_choice": 5}, TYPE, "tool_choice"),
    ({"tool_choice": {}}, MISSING, "tool_choice.type"),
    ({"tool_choice": {"type": "function"}}, MISSING, "tool_choice.function"),
    ({"tool_choice": {"type": "function", "function": {"name": 5}}}, TYPE, "tool_choice.function.name"),
    (
        {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "none", "tools": []}}},
        VALUE,
        "tool_choice.allowed_tools.mode",
    ),
    ({"function_call": "required"}, VALUE, "function_call"),
    ({"tool_choice": "required"}, VALUE, "tool_choice"),
    ({"tool_choice": "required", "tools": []}, VALUE, "tool_choice"),
    ({"tool_choice": "required", "tools": None}, VALUE, "tool_choice"),
    ({"tool_choice": "required", "functions": [FUNCTION]}, VALUE, "tool_choice"),
    ({"tool_choice": NAMED}, VALUE, "tool_choice"),
    ({"tool_choice": {"type": "custom", "custom": {"name": "f"}}}, VALUE, "tool_choice"),
    (
        {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [{}]}}},
        VALUE,
        "tool_choice",
    ),
    ({"tool_choice": NAMED, **with_tool(name="g")}, VALUE, "tool_choice"),
    ({"tool_choice": NAMED, "tools": [CUSTOM_TOOL]}, VALUE, "tool_choice"),
    ({"tool_choice": {"type": "custom", "custom": {"name": "f"}}, **with_tool(name="f")}, VALUE, "tool_choice"),
    ({"function_call": {"name": "f"}}, VALUE, "function_call"),
    ({"function_call": {"name": "f"}, **with_tool(name="f")}, VALUE, "function_call"),
    ({"function_call": {"name": "f"}, "functions": [{"name": "g"}]}, VALUE, "function_call"),
    (with_assistant(), MISSING, "messages[0].content"),
    (with_assistant(content=None), TYPE, "messages[0].content"),
    (with_assistant(content=None, refusal=None, tool_calls=[], audio=None, name="a"), TYPE, "messages[0].content"),
    (with_assistant(content=None, refusal=""), TYPE, "messages[0].content"),
    (with_assistant(refusal=5), TYPE, "messages[0].refusal"),
    (with_assistant(audio="a"), TYPE, "messages[0].audio"),
    (with_assistant(audio={}), MISSING, "messages[0].content"),
    (with_assistant(content=None, reasoning_content=""), TYPE, "messages[0].content"),
    ({"messages": [{"role": "user", "refusal": "no"}]}, MISSING, "messages[0].content"),
    ({"messages": [{"role": "user", "content": None, "audio": {"id": "a"}}]}, TYPE, "messages[0].content"),
    ({"function_call": {}}, MISSING, "function_call.name"),
    ({"response_format": {}}, MISSING, "response_format.type"),
    ({"response_format": {"type": 5}}, TYPE, "response_format.type"),
    ({"response_format": {"type": "json_schema"}}, MISSING, FORMAT),
    ({"response_format": {"type": "json_schema", "schema": {}}}, MISSING, FORMAT),
    (with_format(0), TYPE, FORMAT),
    (with_format({"schema": {}}), MISSING, f"{FORMAT}.name"),
    (with_format({"name": "n"}), MISSING, f"{FORMAT}.schema"),
    (with_format({"name": "n", "schema": True}), TYPE, f"{FORMAT}.schema"),
    (with_format({**SCHEMA, "strict": 1}), TYPE, f"{FORMAT}.strict"),
]

RIGHT = {
    "text part": with_part({"type": "text", "text": ""}),
    "image part": with_part({"type": "image_url", "image_url": {"url": "data:image/png;base64,AA", "detail": "low"}}),
    "audio part": with_part({"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}}),
    "file part": with_part({"type": "file", "file": {"file_id": "f"}}),
    "refusal part": with_part({"type": "refusal", "refusal": "No."}, role="assistant"),
    "unknown part": with_part({"type": "x_new", "text": 5, "image_url": None}),
    "arguments that are no JSON": with_call(function={"name": "f", "arguments": "{oops", "x_more": 1}),
    "custom call": with_call(type="custom", custom={"name": "c", "input": ""}),
    "unknown call": with_call(type="x_new", function=...),
    "no tools": {"tools": []},
    "tool": with_tool(**FUNCTION),
    "bare tool": with_tool(name="f", parameters=None, strict=None),
    "custom tool": {"tools": [{"type": "custom", "custom": {"name": "c", "format": {"type": "text"}}}]},
    "unknown tool": {"tools": [{"type": "web_search"}]},
    "choice of a tool": {"tool_choice": NAMED, **with_tool(name="f")},
    "choice of one of several tools": {"tool_choice": NAMED, "tools": [CUSTOM_TOOL, *with_tool(name="f")["tools"]]},
    "choice of a custom tool": {"tool_choice": CUSTOM_TOOL, "tools": [CUSTOM_TOOL]},
    "choice among tools that the backend may know": {"tool_choice": NAMED, "tools": [{"type": "x_new"}]},
    "tool required": {"tool_choice": "required", **with_tool(name="f")},
    "no choice to make": {"tool_choice": "auto"},
    "no tool to refuse": {"tool_choice": "none", "tools": []},
    "allowed tools": {
        "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [{}]}},
        **with_tool(name="f"),
    },
    "unknown choice": {"tool_choice": {"type": "x_new"}},
    "function": {"functions": [FUNCTION], "function_call": {"name": "f"}},
    "no function to refuse": {"function_call": "none"},
    "spoken answer": with_assistant(audio={"id": "audio_1"}),
    "spoken answer as the SDK returns it": with_assistant(
        content=None, refusal=None, audio={"id": "audio_1", "data": "AA", "expires_at": 1, "transcript": "Hi"}
    ),
    "refusal": with_assistant(content=None, refusal="No."),
    "refusal as the SDK returns it": with_assistant(
        content=None, refusal="No.", annotations=[], audio=None, function_call=None, tool_calls=None
    ),
    "thoughts alone": with_assistant(content=None, reasoning_content="Hm."),
    "thoughts by their other name": with_assistant(content=None, reasoning="Hm."),
    "thoughts in parts": with_assistant(reasoning_details=[{"type": "reasoning.text", "text": "Hm."}]),
    "thoughts as Anthropic's": with_assistant(thinking_blocks=[{"type": "thinking", "thinking": "Hm."}]),
    "empty answer": with_assistant(content=""),
    "text": {"response_format": {"type": "text"}},
    "json_object": {"response_format": {"type": "json_object"}},
    "json_schema": with_format(SCHEMA),
    "unknown format": {"response_format": {"type": "x_grammar", "json_schema": 0}},
}


@pytest.mark.parametrize(("fields", "code", "param"), WRONG)
def test_a_wrong_shape_is_named(fields, code, param):
    with pytest.raises(InvalidRequest) as refused:
        check(request(**fields), ChatRequest)
    assert (refused.value.code, refused.value.param) == (code, param)
    assert f"'{param}'" in refused.value.message
    assert any(remedy in refused.value.message for remedy in ("Add ", "Send ", "Change "))


USER = {"role": "user", "content": "hi"}


@pytest.mark.parametrize(
    ("fields", "param", "known"),
    [
        ({"Messages": []}, "Messages", "messages"),
        ({"MODEL": "dear"}, "MODEL", "model"),
        ({"me\u017fsage\u017f": []}, "me\u017fsage\u017f", "messages"),
        ({"to\u212aens": 1, "Max_to\u212aens": 1}, "Max_to\u212aens", "max_tokens"),
        ({"messages": [USER, {**USER, "Role": "system"}]}, "messages[1].Role", "role"),
        (with_part({"type": "text", "text": "x", "Type": "image_url"}), f"{PART}.Type", "type"),
        (with_part({"type": "x_new", "TYPE": "text"}), f"{PART}.TYPE", "type"),
        (with_call(Function={}), f"{TOOL_CALL}.Function", "function"),
        (with_format({**SCHEMA, "Schema": {}}), f"{FORMAT}.Schema", "schema"),
        ({"stream": True, "stream_options": {"Include_Usage": True}}, "stream_options.Include_Usage", "include_usage"),
    ],
)
def test_a_key_that_differs_only_in_case_is_refused(fields, param, known):
    with pytest.raises(InvalidRequest) as refused:
        check(request(**fields), ChatRequest)
    assert (refused.value.code, refused.value.param) == ("ambiguous_key", param)
    assert f"'{param}'" in refused.value.message
    assert f"'{known}'" in refused.value.message


@pytest.mark.parametrize(
    "fields",
    [
        {"x_new": {"a": 1, "A": 2, "Messages": []}, "X_new": 1},
        {"metadata": {"Model": "a", "model": "b"}},
        with_tool(name="f", parameters={"properties": {"name": {}, "Name": {}}}),
        {"logit_bias": {"5": 1}},
    ],
)
def test_unknown_keys_may_differ_in_case(fields):
    check(request(**fields), ChatRequest)


@pytest.mark.parametrize("fields", RIGHT.values(), ids=RIGHT)
def test_every_right_shape_passes(fields):
    check(request(**fields), ChatRequest)


@pytest.mark.parametrize(
    "fields",
    [
        {"messages": [1] * 200_000},
        {"messages": [{"role": "user", "content": [{"type": "text"}] * 200_000}]},
        {"messages": [{"role": "assistant", "tool_calls": [1] * 200_000}]},
        {"logit_bias": dict.fromkeys(map(str, range(200_000)), 101)},
        {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [1] * 200_000}}},
    ],
    ids=["messages", "parts", "calls", "logit_bias", "allowed tools"],
)
def test_only_the_first_of_very_many_errors_is_reported(fields):
    began = time.thread_time()
    with pytest.raises(InvalidRequest):
        check(request(**fields), ChatRequest)
    assert time.thread_time() - began < 0.1
