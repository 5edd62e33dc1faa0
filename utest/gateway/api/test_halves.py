"""Backends that send half a character in their errors and arguments, in front of real clients."""

import pytest

ERROR = rb'{"error":{"message":"your prompt was flagged: \ud83d","type":"invalid_request_error","code":"\ude00"}}'
OLLAMA = (
    rb'{"model":"llama","message":{"role":"assistant","content":"a\ud83d","tool_calls":[{"function":{"name":"f",'
    rb'"arguments":{"n":123456789012345678901234567890}}}]},"done":true,"done_reason":"stop",'
    rb'"logprobs":[{"logprob":%b}],"prompt_eval_count":3,"eval_count":5}'
)
CALL = (
    rb'{"choices":[{"index":0,"message":{"role":"assistant","content":"a\ud83d","tool_calls":[{"id":"a","type":'
    rb'"function","function":{"name":"f","arguments":%b}}]},"finish_reason":"tool_calls"}]}'
)


def messages(client, **fields):
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}], **fields}
    return client.post(body, path="/v1/messages")


@pytest.mark.parametrize("stream", [False, True])
def test_a_refusal_keeps_its_status(client, backend, stream):
    backend.answers(status=400, raw=ERROR)
    for response in (client.chat(stream=stream), messages(client, stream=stream)):
        assert response.status_code == 400
        assert "flagged: \ufffd" in response.json()["error"]["message"]


def test_an_error_in_mid_stream_reaches_the_client(client, backend):
    backend.streams(backend.chunk("a"), b"data: " + ERROR + b"\n\n")
    assert "flagged: \ufffd" in client.events()[1]["error"]["message"]
    assert "flagged: \ufffd" in messages(client, stream=True).text


def test_an_error_under_200_reaches_the_client(client, backend):
    backend.answers(raw=ERROR)
    assert "flagged: \ufffd" in client.error(client.chat())["message"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("logprob", [b"-1.5", b"-Infinity"])
def test_an_answer_of_ollama_keeps_long_numbers(client, backend, stream, logprob):
    backend.answers(raw=OLLAMA % logprob)
    response = client.chat("o", stream=stream)
    assert response.status_code == 200
    assert r"{\"n\":123456789012345678901234567890}" in response.text
    assert "a\ufffd" in response.text


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        (rb'"{\"a\":\"\\ud83d\"}"', '{"a":"\ufffd"}'),
        (rb'{"a":123456789012345678901234567890}', '{"a":123456789012345678901234567890}'),
        (rb'{"a":1e400}', '{"a":1e400}'),
    ],
)
def test_a_call_becomes_a_block_of_a_message(client, backend, arguments, value):
    backend.answers(raw=CALL % arguments)
    response = messages(client)
    assert response.status_code == 200
    assert value in response.text


@pytest.mark.parametrize("written", [r'{"a":1e400}', r'{"a":"\ud83d"}', '{"a": "b'])
@pytest.mark.parametrize("stream", [False, True])
def test_an_earlier_call_does_not_end_the_conversation(client, backend, written, stream):
    backend.answers(raw=OLLAMA % b"-1.5")
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": written}}
    result = {"role": "tool", "tool_call_id": "c", "content": "done"}
    messages = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": None, "tool_calls": [call]}, result]
    assert client.chat("o", messages=messages, stream=stream).status_code == 200
    assert b'"done"' in backend.bodies[0]
