"""Ollama's native format, both ways."""

import json

import pytest

from gateway.backends.base import Call
from gateway.backends.ollama.request import ollama_request
from gateway.errors.base import InvalidRequest


def called(*, strict=False, **fields):
    fields = {"model": "o", "messages": [{"role": "user", "content": "hi"}], **fields}
    return Call(b"", fields, "o", "llama", "id", stream=bool(fields.get("stream")), strict=strict)


def translated(**fields):
    return ollama_request(called(**fields))


def test_a_plain_request():
    assert translated() == {
        "model": "llama",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": False,
        "truncate": False,
        "shift": False,
    }


def test_sampling_goes_into_options_and_its_own_fields_travel_on():
    request = translated(
        temperature=0, top_p=0.5, seed=7, stop="x", max_tokens=9, frequency_penalty=None, top_k=3,
        options={"num_ctx": 4096}, keep_alive="5m", truncate=True, stream_options={"include_usage": True},
    )  # fmt: skip
    assert request["options"] == {
        "temperature": 0, "top_p": 0.5, "seed": 7, "stop": ["x"], "num_predict": 9, "top_k": 3, "num_ctx": 4096,
    }  # fmt: skip
    assert (request["keep_alive"], request["truncate"]) == ("5m", False)
    assert "temperature" not in request


def test_what_ollama_would_ignore_is_dropped_by_name():
    call = called(
        logit_bias={"1": 5}, x_new=[1], user=None, store=False, n=1, parallel_tool_calls=False,
        reasoning_effort="minimal", messages=[{"role": "user", "content": "hi", "name": "Ann"}],
    )  # fmt: skip
    request = ollama_request(call)
    assert sorted(call.dropped) == ["logit_bias", "messages[].name", "parallel_tool_calls", "reasoning_effort", "x_new"]
    assert not {"x_new", "logit_bias", "store", "reasoning_effort"} & request.keys()
    assert request["messages"] == [{"role": "user", "content": "hi"}]


@pytest.mark.parametrize("fields", [{"x_new": 1}, {"messages": [{"role": "user", "content": "hi", "name": "Ann"}]}])
def test_a_strict_call_is_refused_rather_than_stripped(fields):
    with pytest.raises(InvalidRequest) as refusal:
        ollama_request(called(strict=True, **fields))
    assert refusal.value.code == "unsupported_parameter"
    ollama_request(called(strict=True, store=False, temperature=1))


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"type": "json_object"}, "json"),
        ({"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}, {"type": "object"}),
        ({"type": "text"}, None),
    ],
)
def test_the_answers_format(given, sent):
    assert translated(response_format=given).get("format") == sent


def test_messages_with_parts_images_and_tools():
    call = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    request = translated(
        messages=[
            {"role": "developer", "content": "be brief"},
            {"role": "user", "content": [{"type": "text", "text": "a"}, image, {"type": "text", "text": "b"}]},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "content": "2", "tool_call_id": "c1"},
        ],
        tools=[{"type": "function", "function": {"name": "add"}}],
        tool_choice="auto",
    )
    assert request["messages"] == [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "a\nb", "images": ["AAAA"]},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{**call, "function": {"name": "add", "arguments": {"a": 1}}}],
        },
        {"role": "tool", "content": "2", "tool_call_id": "c1", "tool_name": "add"},
    ]
    assert request["tools"] == [{"type": "function", "function": {"name": "add"}}]
    assert "tools" not in translated(tools=[{"type": "function"}], tool_choice="none")


@pytest.mark.parametrize(
    "message",
    [
        {"content": None, "refusal": "No."},
        {"refusal": "No."},
        {"content": [{"type": "refusal", "refusal": "No."}], "refusal": None},
    ],
)
def test_a_refusal_is_what_the_assistant_said(message):
    call = called(messages=[{"role": "assistant", **message}])
    assert ollama_request(call)["messages"] == [{"role": "assistant", "content": "No."}]
    assert call.dropped == {}


# What orjson reads, and cannot write.
TOO_DEEP = {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a":' * 300 + "1" + "}" * 300}}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": 2}, "n"),
        ({"functions": [{"name": "f"}]}, "functions"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"messages": [{"role": "assistant", "audio": {"id": "audio_1"}}]}, "messages[0].audio"),
        ({"messages": [{"role": "assistant", "content": None, "audio": {"id": "audio_1"}}]}, "messages[0].audio"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tool_choice": {"type": "function"}}, "tool_choice"),
        ({"response_format": {"type": "x_grammar"}}, "response_format.type"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "messages[0].content[0]"),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x/y.png"}}]}
                ]
            },
            "messages[0].content[0].image_url.url",
        ),
        (
            {"messages": [{"role": "assistant", "tool_calls": [TOO_DEEP]}]},
            "messages[0].tool_calls[0].function.arguments",
        ),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{"id": "1", "type": "custom"}]}]},
            "messages[0].tool_calls[0].type",
        ),
    ],
)
def test_what_ollama_cannot_do_is_refused(fields, param):
    with pytest.raises(InvalidRequest) as refusal:
        translated(**fields)
    assert refusal.value.param == param


LAST = {
    "model": "llama",
    "message": {"role": "assistant", "content": ""},
    "done": True,
    "done_reason": "length",
    "prompt_eval_count": 5,
    "eval_count": 2,
    "total_duration": 9,
}


def line(content="", **fields):
    message = {"role": "assistant", "content": content, **fields}
    return json.dumps({"model": "llama", "message": message, "done": False}).encode() + b"\n"


def test_a_whole_answer(client, backend):
    backend.answers({**LAST, "created_at": "x", "message": {"role": "assistant", "content": "Hi", "thinking": "hm"}})
    answer = client.chat("o").json()
    assert (answer["object"], answer["model"], answer["total_duration"]) == ("chat.completion", "llama", 9)
    (choice,) = answer["choices"]
    assert choice["message"] == {"role": "assistant", "content": "Hi", "refusal": None, "reasoning": "hm"}
    assert choice["finish_reason"] == "length"
    assert answer["usage"] == {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}


@pytest.mark.parametrize(("reason", "expected"), [("stop", "tool_calls"), ("length", "length")])
def test_calls_do_not_hide_that_the_limit_ended_an_answer(client, backend, reason, expected):
    message = {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "now"}}]}
    backend.answers({**LAST, "done_reason": reason, "message": message})
    assert client.chat("o").json()["choices"][0]["finish_reason"] == expected
    assert client.chat("o", stream=True).text.count(f'"finish_reason":"{expected}"') == 1


@pytest.mark.parametrize(
    ("stop", "sent"), [("", None), ([""], None), (["", "ZZZ"], ["ZZZ"]), ("\n", ["\n"]), ([], None), (None, None)]
)
def test_an_empty_stop_is_none(stop, sent):
    fields = {"model": "o", "messages": [{"role": "user", "content": "hi"}], "stop": stop}
    assert ollama_request(Call(b"", fields, "o", "o", "id", stream=False)).get("options", {}).get("stop") == sent


@pytest.mark.parametrize("head", ["data:image/png;base64", "DATA:image/jpg;name=a.png;BASE64"])
def test_the_head_of_a_data_url_ignores_case(head):
    parts = [{"type": "image_url", "image_url": {"url": f"{head},AAAA"}}]
    fields = {"model": "o", "messages": [{"role": "user", "content": parts}]}
    (message,) = ollama_request(Call(b"", fields, "o", "o", "id", stream=False))["messages"]
    assert message["images"] == ["AAAA"]


def test_tool_calls_have_their_arguments_as_a_string(client, backend):
    calls = [{"function": {"name": "add", "arguments": {"a": 1}}}, {"id": "x", "function": {"name": "now"}}]
    backend.answers(
        {**LAST, "done_reason": "stop", "message": {"role": "assistant", "content": "", "tool_calls": calls}}
    )
    (choice,) = client.chat("o").json()["choices"]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    first, second = choice["message"]["tool_calls"]
    assert first["function"] == {"name": "add", "arguments": '{"a":1}'}
    assert first["id"].startswith("call_")
    assert (second["index"], second["id"], second["function"]["arguments"]) == (1, "x", "{}")


def test_a_missing_count_is_not_zero(client, backend):
    backend.answers({"model": "llama", "message": {"content": "Hi"}, "done": True, "eval_count": 2})
    assert client.chat("o").json()["usage"] is None


def test_a_stream(client, backend):
    whole = line("He") + line("llo") + json.dumps(LAST).encode() + b"\n"
    backend.streams(*(whole[i : i + 20] for i in range(0, len(whole), 20)), kind="application/x-ndjson")
    *chunks, usage, done = client.events("o", stream_options={"include_usage": True})
    assert [chunk["choices"][0]["delta"] for chunk in chunks] == [
        {"role": "assistant", "content": "He"},
        {"content": "llo"},
        {},
    ]
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None, None, "length"]
    assert len({chunk["id"] for chunk in [*chunks, usage]}) == 1
    assert all(chunk["usage"] is None for chunk in chunks)
    assert (usage["choices"], usage["usage"]["total_tokens"], done) == ([], 7, "[DONE]")
    assert json.loads(backend.bodies[0])["stream"] is True


def test_no_usage_unless_asked(client, backend):
    backend.streams(line("a"), json.dumps(LAST).encode(), kind="application/x-ndjson")
    assert not any("usage" in event for event in client.events("o")[:-1])


@pytest.mark.parametrize(
    ("last", "code"),
    [
        (b'{"error": "runner crashed"}\n', "backend_error"),
        (b"oops\n", "backend_bad_answer"),
        (b'{"message": {"tool_calls": [5]}}\n', "backend_bad_answer"),
        (b'{"message": {"tool_calls": 5}}\n', "backend_bad_answer"),
        (b'{"message": {"content": ["x"]}, "done": true}\n', "backend_bad_answer"),
        (b'{"message": {"thinking": 5}, "done": true}\n', "backend_bad_answer"),
        (b'{"message": {"tool_calls": [{"function": 5}]}}\n', "backend_bad_answer"),
        (b'{"message": {}, "done": true, "prompt_eval_count": "5", "eval_count": 2}\n', "backend_bad_answer"),
        (b'{"message": {}, "done": true, "done_reason": []}\n', "backend_bad_answer"),
        (b'{"model": "lla', "backend_disconnected"),
        (b"\n", "backend_disconnected"),
    ],
)
def test_a_stream_that_breaks(client, backend, last, code):
    backend.streams(line("a"), last, kind="application/x-ndjson")
    chunk, failure, done = client.events("o")
    assert chunk["choices"][0]["delta"]["content"] == "a"
    assert (failure["error"]["code"], done) == (code, "[DONE]")


# The error of Ollama's own runner, handed on as a string.
NUMBERS = '{"error": {"code": 400, "type": "exceed_context_size_error", "n_prompt_tokens": 900, "n_ctx": 512}}'


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((404, {"error": "model 'llama' not found"}), (404, "model_not_found")),
        ((400, {"error": "the prompt is longer than the context length currently"}), (400, "context_length_exceeded")),
        ((400, {"error": "the input length exceeds the context length"}), (400, "context_length_exceeded")),
        ((400, {"error": NUMBERS}), (400, "context_length_exceeded")),
        ((500, {"error": "boom"}), (502, "backend_error")),
        ((200, {"error": "boom"}), (502, "backend_error")),
        ((200, {"hello": 1}), (502, "backend_bad_answer")),
    ],
)
def test_errors(client, backend, answer, expected, stream):
    status, body = answer
    backend.answers(body, status)
    response = client.chat("o", stream=stream)
    error = client.error(response)
    assert (response.status_code, error["code"]) == expected
    if "900" in str(body):
        assert "900" in error["message"]
        assert "512" in error["message"]
