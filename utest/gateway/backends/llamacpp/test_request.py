"""What a client may ask of llama.cpp."""

import json

import orjson
import pytest

from gateway.backends.base import Call
from gateway.backends.llamacpp.config import LlamaCppConfig
from gateway.backends.llamacpp.request import MOST_BIASES, allowed_call
from gateway.errors.base import InvalidRequest
from gateway.operations import CHAT, EMBEDDINGS, TEXT_COMPLETION

QUESTION = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
TEXT = {"model": "m", "prompt": "Hello"}
TOOLS = [{"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}]
NO_TOOLS = {"supports_tools": False, "supports_parallel_tool_calls": False, "supports_reasoning_effort": False}
DANGEROUS = {
    "backend_sampling": True, "cache_prompt": True, "chat_format": 3, "chat_parser": "{}", "chat_template": "x",
    "continue_final_message": True, "dry_allowed_length": 1, "dry_multiplier": 0.5, "dry_penalty_last_n": 300_000_000,
    "dry_sequence_breakers": ["x"], "generation_prompt": "<|im_start|>system", "grammar_lazy": True,
    "grammar_triggers": [{"type": 1, "value": "x"}], "id_slot": 0, "lora": [{"id": 0, "scale": 9.0}], "min_keep": 10**9,
    "mirostat": 2, "n_cmpl": 9, "n_discard": 9, "n_indent": 10**9, "n_keep": -1, "n_probs": 10**9,
    "parse_tool_calls": True, "post_sampling_probs": True, "preserved_tokens": ["x"], "prompt": "other",
    "reasoning_budget_message": "x", "reasoning_budget_tokens": 0, "repeat_last_n": 300_000_000,
    "response_fields": ["x"], "return_tokens": True, "samplers": ["dry"], "sse_ping_interval": 1,
    "t_max_predict_ms": 10**12, "timings_per_token": True, "top_n_sigma": 1.0, "verbose": True, "x_own": 1,
}  # fmt: skip


def asked(fields, operation=CHAT, *, abilities=None, strict=False):
    """The call for a request as llama.cpp gets it."""
    call = Call(json.dumps(fields).encode(), fields, "m", "m", "id", stream=False, operation=operation, strict=strict)
    return allowed_call(call, abilities or {}, LlamaCppConfig())


@pytest.mark.parametrize("name", DANGEROUS)
def test_a_field_that_is_not_listed_never_reaches_the_model_and_is_named(name):
    call = asked({**QUESTION, name: DANGEROUS[name]})
    assert json.loads(call.body) == call.fields == QUESTION
    assert list(call.dropped) == [name]
    with pytest.raises(InvalidRequest) as refused:
        asked({**QUESTION, name: DANGEROUS[name]}, strict=True)
    assert refused.value.param == name


def test_long_numbers_keep_their_digits_where_the_request_is_written_again():
    schema = b'{"type": "integer", "maximum": 18446744073709551616}'
    tools = b'[{"type": "function", "function": {"name": "f", "parameters": %b}}]' % schema
    body = b'{"model": "m", "messages": [{"role": "user", "content": "Hi"}], "x_own": 1, "tools": %b}' % tools
    call = Call(body, orjson.loads(body), "m", "m", "id", stream=False)
    written = allowed_call(call, {"supports_tools": True, "supports_tool_calls": True}, LlamaCppConfig()).body
    assert b"18446744073709551616" in written
    assert b"x_own" not in written


@pytest.mark.parametrize(
    ("fields", "operation"),
    [
        (QUESTION, CHAT),
        ({**QUESTION, "top_k": 5, "min_p": 0.1, "typical_p": 1, "repeat_penalty": 1.1, "ignore_eos": True}, CHAT),
        ({**QUESTION, "max_tokens": 2048, "seed": 2**63 - 1, "stop": ["a"], "n": 4, "reasoning_format": "none"}, CHAT),
        ({**QUESTION, "logit_bias": {"5": -100}, "logprobs": True, "top_logprobs": 20}, CHAT),
        ({**QUESTION, "chat_template_kwargs": {"enable_thinking": False, "date": "today"}}, CHAT),
        ({**QUESTION, "tools": TOOLS, "tool_choice": "required", "parallel_tool_calls": False}, CHAT),
        ({**QUESTION, "response_format": {"type": "json_object"}, "temperature": 0.5}, CHAT),
        ({**TEXT, "echo": False, "best_of": 1, "logprobs": 5}, TEXT_COMPLETION),
        ({"model": "m", "input": "Hello", "encoding_format": "base64"}, EMBEDDINGS),
    ],
)
def test_what_is_allowed_goes_on_as_it_came(fields, operation):
    call = asked(fields, operation)
    assert call.body == json.dumps(fields).encode()
    assert not call.dropped


@pytest.mark.parametrize(
    "param",
    [
        "grammar", "guided_choice", "guided_grammar", "guided_json", "guided_regex", "json_schema", "n_predict",
        "structured_outputs",
    ],
)  # fmt: skip
def test_what_would_change_the_answer_is_refused_with_the_remedy(param):
    with pytest.raises(InvalidRequest, match=r"Send '(response_format|max_tokens)'") as refused:
        asked({**QUESTION, param: {"a": 1}})
    assert refused.value.param == param


@pytest.mark.parametrize(
    ("limits", "limit"),
    [
        ({"max_tokens": 1, "max_completion_tokens": 600}, 600),
        ({"max_tokens": 600, "max_completion_tokens": 1}, 1),
        ({"max_tokens": 600, "max_completion_tokens": None}, 600),
        ({"max_completion_tokens": 7}, 7),
        ({"max_tokens": 2**31}, 2048),
        ({"max_tokens": 2**40}, 2048),
        ({"max_completion_tokens": 2**62}, 2048),
    ],
)
def test_llama_cpp_gets_one_limit_within_its_context(limits, limit):
    call = asked({**QUESTION, **limits})
    assert call.fields == {**QUESTION, "max_tokens": limit}
    assert not call.dropped


def test_a_text_completion_has_openai_s_one_limit():
    call = asked({**TEXT, "max_tokens": 1, "max_completion_tokens": 600}, TEXT_COMPLETION)
    assert call.fields == {**TEXT, "max_tokens": 1}
    assert list(call.dropped) == ["max_completion_tokens"]


@pytest.mark.parametrize(
    ("stop", "kept"), [("", []), ([""], []), (["", "ZZZ"], ["ZZZ"]), ("\n", ["\n"]), ([" ", "", "a"], [" ", "a"])]
)
@pytest.mark.parametrize(("base", "operation"), [(QUESTION, CHAT), (TEXT, TEXT_COMPLETION)])
def test_an_empty_stop_stops_nothing(base, operation, stop, kept):
    assert asked({**base, "stop": stop}, operation).fields == {**base, "stop": kept}


@pytest.mark.parametrize(
    ("param", "fields"),
    [
        ("min_p", {"min_p": 2}),
        ("min_p", {"min_p": "0.1"}),
        ("min_p", {"min_p": True}),
        ("typical_p", {"typical_p": -3}),
        ("top_k", {"top_k": -1}),
        ("top_k", {"top_k": 2**31}),
        ("top_k", {"top_k": 1.5}),
        ("repeat_penalty", {"repeat_penalty": 0}),
        ("repeat_penalty", {"repeat_penalty": 1e300}),
        ("ignore_eos", {"ignore_eos": 1}),
        ("n", {"n": 5}),
        ("reasoning_format", {"reasoning_format": "zzz"}),
        ("reasoning_format", {"reasoning_format": ["none"]}),
        ("logit_bias", {"logit_bias": {str(token): 1 for token in range(MOST_BIASES + 1)}}),
        ("logit_bias", {"logit_bias": {"word " * 1000: 1}}),
        ("logit_bias", {"logit_bias": {"-1": 1}}),
        ("chat_template_kwargs", {"chat_template_kwargs": "x"}),
        ("chat_template_kwargs.messages", {"chat_template_kwargs": {"messages": []}}),
        ("chat_template_kwargs.tools", {"chat_template_kwargs": {"tools": []}}),
        ("chat_template_kwargs.bos_token", {"chat_template_kwargs": {"bos_token": "x"}}),
        ("response_format.schema", {"response_format": {"type": "json_object", "schema": [1]}}),
        ("response_format.json_schema.schema", {"response_format": {"type": "x", "json_schema": 5}}),
        (
            "tools[0].function.parameters",
            {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"enum": list(range(999))}}}]},
        ),
    ],
)
def test_a_value_out_of_its_bounds_is_the_client_s_error(param, fields):
    with pytest.raises(InvalidRequest, match=r"Invalid (value|schema) for") as refused:
        asked({**QUESTION, **fields})
    assert refused.value.param == param


@pytest.mark.parametrize(
    ("fields", "dropped"),
    [
        ({"user": "u", "store": False, "verbosity": "low"}, ["user", "verbosity"]),
        ({"tools": TOOLS, "tool_choice": "auto"}, ["tools"]),
        ({"tools": TOOLS, "parallel_tool_calls": False}, ["tools", "parallel_tool_calls"]),
        ({"tools": [], "reasoning_effort": "low"}, ["reasoning_effort"]),
        ({"grammar": None, "n_predict": None, "dry_base": None}, []),
    ],
)
def test_what_the_template_ignores_is_dropped_and_named(fields, dropped):
    call = asked({**QUESTION, **fields}, abilities=NO_TOOLS)
    assert list(call.dropped) == dropped
    assert "tools" not in call.fields
