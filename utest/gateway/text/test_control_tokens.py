"""No control token survives in what a chat template receives, however it is hidden, and nothing else changes."""

import json
import time

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.text.control_families import FAMILIES, tokens_of
from gateway.text.control_tokens import ControlTokens

ALL = ControlTokens(tokens_of(FAMILIES))
TOKENS = sorted(ALL.tokens)
# Whole tokens, pieces of tokens, and what stands between them in ordinary text.
PIECES = st.one_of(
    st.sampled_from(TOKENS),
    st.sampled_from(TOKENS).flatmap(lambda token: st.integers(1, len(token) - 1).map(lambda at: token[:at])),
    st.sampled_from(TOKENS).flatmap(lambda token: st.integers(1, len(token) - 1).map(lambda at: token[at:])),
    st.sampled_from(["", " ", "\n", "a", "é", "\u2581", "\\", '"', "<", "|", ">", "[", "]", "<<", "\u200b"]),
)
TEXTS = st.lists(PIECES, max_size=12).map("".join)


def escaped(value):
    """JSON in which every character of a string is an escape."""
    if isinstance(value, str):
        return '"' + "".join(f"\\u{ord(character):04x}" for character in value) + '"'
    if isinstance(value, dict):
        return "{" + ", ".join(f"{escaped(key)}: {escaped(item)}" for key, item in value.items()) + "}"
    return "[" + ", ".join(map(escaped, value)) + "]"


def neutralised(fields):
    """The fields and the count; the same for plain and for escaped JSON."""
    body, new, count = ALL.neutralised(orjson.dumps(fields), fields)
    assert json.loads(body) == new
    for text in (json.dumps(fields), escaped(fields)):
        assert json.loads(text) == fields
        assert ALL.neutralised(text.encode(), fields)[1:] == (new, count)
    return new, count


def user(content, **more):
    return {"messages": [{"role": "user", "content": content, **more}]}


def holds_token(text):
    return any(token in text for token in TOKENS)


@given(TEXTS)
def test_no_token_survives_in_a_text(text):
    new, count = neutralised(user(text))
    changed = new["messages"][0]["content"]
    assert not holds_token(changed)
    assert (count > 0) == holds_token(text) == (changed != text)
    assert changed.replace(" ", "") == text.replace(" ", "")
    assert neutralised(new) == (new, 0)


@given(st.lists(TEXTS, min_size=2, max_size=6))
def test_no_token_forms_from_joined_parts(texts):
    parts = [{"type": "text", "text": text} for text in texts]
    new, count = neutralised(user(parts))
    changed = [part["text"] for part in new["messages"][0]["content"]]
    for joined in (changed, [text.strip() for text in changed]):
        assert not holds_token("".join(joined))
    assert (count == 0) == (changed == texts)


@given(st.sampled_from(TOKENS))
def test_a_token_in_parts_of_one_character_does_not_form(token):
    new, count = neutralised(user([{"type": "text", "text": f" {character} "} for character in token]))
    assert not holds_token("".join(part["text"].strip() for part in new["messages"][0]["content"]))
    assert count


@pytest.mark.parametrize("token", TOKENS)
def test_each_known_token_is_broken_once(token):
    new, count = neutralised(user(f"a {token} b"))
    assert new == user(f"a {token[0]} {token[1:]} b")
    assert count == 1


def test_a_token_within_a_token_forms_no_token():
    new, count = neutralised(user("<|im_<|im_end|>end|>"))
    assert new == user("<|im_< |im_end|>end|>")
    assert count == 1


END = "<|im_end|>"
KEYS = st.sampled_from(["role", "text", "arguments", "content", END])
VALUES = st.sampled_from([None, True, 7, "tool", END, "<|im_", "end|>", '"\\u003c|im_end|>'])
JSON = st.recursive(
    VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)


@given(st.lists(JSON, max_size=3))
def test_any_json_comes_out_in_the_same_shape_without_tokens(messages):
    # The first message makes sure that every body is searched.
    fields = {"messages": [END, *messages]}
    body, new, count = ALL.neutralised(orjson.dumps(fields), fields)
    assert count
    assert json.loads(body) == new
    assert not holds_token(json.dumps(new["messages"], ensure_ascii=False))


def test_the_deepest_allowed_body_is_neutralised():
    inner = END
    for _ in range(99):
        inner = {"a": [inner]}
    _, count = neutralised({"messages": [inner]})
    assert count == 1


CALL = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
PLACES = {
    "system": {"messages": [{"role": "system", "content": END}]},
    "assistant": {"messages": [{"role": "assistant", "content": END}]},
    "a part": user([{"type": "text", "text": END}]),
    "a name": user("hi", name=END),
    "reasoning": user("hi", reasoning_content=END),
    "arguments": {"messages": [{"role": "assistant", "tool_calls": [{**CALL, "function": {"arguments": END}}]}]},
    "the name of a call": {"messages": [{"role": "assistant", "tool_calls": [{**CALL, "function": {"name": END}}]}]},
    "a deprecated function call": {"messages": [{"role": "assistant", "function_call": {"arguments": END}}]},
    "a result": {"messages": [{"role": "tool", "tool_call_id": "1", "content": END}]},
    "a tool": {"tools": [{"type": "function", "function": {"name": "f", "description": END}}]},
    "a parameter": {"tools": [{"type": "function", "function": {"parameters": {"properties": {END: {}}}}}]},
    "a template's argument": {"chat_template_kwargs": {"x": [END]}},
    "a document": {"documents": [{"text": END}]},
    "the effort of a model": {"reasoning_effort": END},
    "a template of the client's own": {"chat_template": "{{ messages }}" + END},
    "a processor's argument": {"mm_processor_kwargs": {"x": END}},
    "the form of an answer": {"response_format": {"type": "json_schema", "json_schema": {"schema": {"enum": [END]}}}},
    "vLLM's form of an answer": {"structured_outputs": {"choice": [END]}},
    "a guided choice": {"guided_choice": [END]},
    "a prediction": {"prediction": {"type": "content", "content": END}},
    "the client's label": {"user": END},
    "a budget's message": {"reasoning_budget_message": END},
    "a key of a field": {"x_own": {END: "1"}},
    "a field of a later version": {"x_own": [[END]]},
}


@pytest.mark.parametrize("fields", PLACES.values(), ids=PLACES)
def test_wherever_a_template_may_read_the_token_is_broken(fields):
    new, count = neutralised(fields)
    assert count == 1
    assert orjson.dumps(new) == orjson.dumps(fields).replace(b"<|im_end", b"< |im_end")


@pytest.mark.parametrize("escape", ["\\u003c", "\\u003C"])
@pytest.mark.parametrize(
    "message",
    [
        {"role": "assistant", "function_call": {"name": "f", "arguments": '{"a": "\\\\", "b": "ESCAPE|im_end|>"}'}},
        {"role": "tool", "tool_call_id": "1", "content": '{"a": "\\\\", "b": "ESCAPE|im_end|>"}'},
    ],
    ids=["arguments", "a result"],
)
def test_an_escape_in_json_within_json_is_found(escape, message):
    request_json = json.dumps(message).replace("ESCAPE", escape.replace("\\", "\\\\"))
    new, count = neutralised({"messages": [json.loads(request_json)]})
    (text,) = [
        v
        for v in (new["messages"][0].get("function_call", {}).get("arguments"), new["messages"][0].get("content"))
        if v
    ]
    assert json.loads(text) == {"a": "\\", "b": "< |im_end|>"}
    assert count == 1


UNTOUCHED = {
    "the misspelt twin": user("<|im_xnd|>" * 50),
    "escapes that hide nothing": {
        "messages": [{"role": "tool", "tool_call_id": "1", "content": '{"a": "\\u003cb\\/"}'}]
    },
    "an escaped backslash": {"messages": [{"role": "tool", "content": '"\\\\u003c|im_end|>"'}]},
    "an escape that a user typed": user("\\u003c|im_end|>"),
    "HTML and brackets": user("<b>a</b> <span>[1] [a](b) a < b"),
    "a stop sequence": {**user("hi"), "stop": [END]},
    "what is counted by tokens": {**user("hi"), "logit_bias": {END: -100}},
    "pieces in two messages": {"messages": [{"role": "user", "content": c} for c in ("<|im_", "end|>")]},
}


@pytest.mark.parametrize("fields", UNTOUCHED.values(), ids=UNTOUCHED)
def test_a_request_without_tokens_keeps_its_bytes(fields):
    body = json.dumps(fields).encode()
    same_body, same_fields, count = ALL.neutralised(body, fields)
    assert same_body is body
    assert same_fields is fields
    assert count == 0


@pytest.mark.parametrize("text", ["<" * 2_000_000, END * 200_000, "<|im_" * 400_000, '"\\u003c' * 300_000])
def test_a_large_body_does_not_delay_other_requests(text):
    fields = {"messages": [{"role": "tool", "content": text}]}
    body = orjson.dumps(fields)
    began = time.thread_time()
    ALL.neutralised(body, fields)
    assert time.thread_time() - began < 0.5


def test_configured_tokens_are_broken():
    configured = ControlTokens(["\u2581<EOT>", "<|mine|>", "x"])
    fields = user("\u2581<EOT> <|mine|> x <|im_end|>")
    body, new, count = configured.neutralised(json.dumps(fields).encode(), fields)
    assert new == user("\u2581 <EOT> < |mine|> x <|im_end|>") == json.loads(body)
    assert count == 2
    assert ControlTokens([]).neutralised(body, new) == (body, new, 0)


@pytest.mark.parametrize("field", ["input", "model", "prompt", "stop", "stop_sequences", "suffix"])
def test_what_no_template_reads_stays_as_it_came(field):
    fields = {"messages": [{"role": "user", "content": "hi"}], field: [END]}
    new, count = neutralised(fields)
    assert (new, count) == (fields, 0)
