"""However a backend's stream goes, the client's ends with one finish reason and `[DONE]`, or an error and `[DONE]`."""

import asyncio
import json
import threading
import time

import pytest
from aiohttp import web


def finish_reasons(events):
    return [c["finish_reason"] for e in events if e != "[DONE]" for c in e.get("choices", []) if c["finish_reason"]]


def texts(events):
    deltas = [c["delta"] for e in events if e != "[DONE]" for c in e.get("choices", [])]
    return "".join(delta.get("content") or "" for delta in deltas)


def test_a_whole_stream_is_forwarded_byte_for_byte(client, backend):
    pieces = [b": hello\n\n", backend.chunk("a"), backend.chunk('b [DONE] "error"'), backend.chunk(None, "stop")]
    usage = b'data: {"choices": [], "usage": {"total_tokens": 3}, "x": 1}\n\n'
    backend.streams(*pieces, usage, b"data: [DONE]\n\n")
    response = client.chat(stream=True, stream_options={"include_usage": True})
    assert response.content == b"".join([*pieces, usage, b"data: [DONE]\n\n"])


def test_events_are_framed_whatever_the_reads_and_line_ends_are(client, backend):
    whole = backend.chunk("a") + backend.chunk("b").replace(b"\n", b"\r\n") + backend.chunk(None, "stop")
    backend.streams(*(whole[i : i + 7] for i in range(0, len(whole), 7)))
    events = client.events()
    assert texts(events) == "ab"
    assert events[-1] == "[DONE]"


def test_a_missing_done_is_added(client, backend):
    backend.streams(backend.chunk("a"), backend.chunk(None, "length"))
    events = client.events()
    assert (finish_reasons(events), events[-1]) == (["length"], "[DONE]")


def test_a_cut_after_the_finish_reason_is_no_error(client, backend):
    backend.streams(backend.chunk("a", "stop"), b'data: {"cho', cut=True)
    events = client.events()
    assert (finish_reasons(events), events[-1], len(events)) == (["stop"], "[DONE]", 2)


def test_a_second_finish_reason_is_taken_out(client, backend):
    backend.streams(backend.chunk("a", "stop"), backend.chunk(None, "stop"), b"data: [DONE]\n\n", backend.chunk("late"))
    events = client.events()
    assert (finish_reasons(events), events[-1], len(events)) == (["stop"], "[DONE]", 3)


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("last", [b"", b'data: {"choices": [{"ind', b'data: {"a": 1}', b'data: {"a": 1}\n'])
def test_a_backend_that_dies_leaves_an_error_event(client, backend, cut, last):
    backend.streams(backend.chunk("a"), backend.chunk("b"), *([last] if last else []), cut=cut)
    *chunks, failure, done = client.events()
    assert (texts(chunks), done) == ("ab", "[DONE]")
    assert sorted(failure["error"]) == ["code", "message", "param", "type"]
    assert failure["error"]["code"] == "backend_disconnected"


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (b'data: {"error": {"message": "out of memory", "code": 500}}\n\n', "backend_error"),
        (b'event: error\ndata: {"message": "out of memory"}\n\n', "backend_error"),
        (b'error: {"message": "out of memory", "code": 500}\n\n', "backend_error"),
        (b'data: {"error": {"message": "slow", "code": "rate_limit_exceeded"}}\n\n', "rate_limit_exceeded"),
        (b'data: {"error" oops}\n\n', "backend_bad_answer"),
        (b"data: [DONE]\n\n", "backend_bad_answer"),
    ],
)
def test_an_error_event_is_normalised(client, backend, event, code):
    backend.streams(backend.chunk("a"), event + backend.chunk("never"))
    *chunks, failure, done = client.events()
    assert (texts(chunks), failure["error"]["code"], done) == ("a", code, "[DONE]")


@pytest.mark.parametrize(
    ("pieces", "status", "code"),
    [
        ([b'data: {"error": {"message": "slow", "code": 429}}\n\n'], 429, "rate_limit_exceeded"),
        ([b'data: {"error": {"message": "boom"}}\n\n'], 502, "backend_error"),
        ([b"data: [DONE]\n\n"], 502, "backend_bad_answer"),
        ([b"data: {"], 502, "backend_disconnected"),
        ([], 502, "backend_disconnected"),
    ],
)
def test_before_the_first_event_an_error_is_a_real_status(client, backend, pieces, status, code):
    backend.streams(*pieces)
    response = client.chat(stream=True)
    assert (response.status_code, client.error(response)["code"]) == (status, code)


def test_a_json_answer_to_a_stream_request_is_502(client, backend):
    backend.answers({"choices": []})
    response = client.chat(stream=True)
    assert (response.status_code, client.error(response)["code"]) == (502, "backend_bad_answer")


def test_silence_within_a_stream_ends_it_in_time(hasty_client, backend):
    backend.streams(backend.chunk("a"), pause_s=30)
    started = time.monotonic()
    *chunks, failure, done = hasty_client.events()
    assert time.monotonic() - started < 5
    assert (texts(chunks), failure["error"]["code"], done) == ("a", "backend_timeout", "[DONE]")
    assert backend.closed.wait(2)


@pytest.mark.parametrize(
    ("timeouts", "status", "code"),
    [
        ({"first_byte_s": 0.2, "idle_s": 20}, 504, None),
        ({"first_byte_s": 20, "idle_s": 0.2}, 200, "backend_timeout"),
    ],
)
def test_the_first_event_and_the_others_have_limits_of_their_own(start_gateway, backend, timeouts, status, code):
    """The first event comes after 0.6 s, the second 0.6 s later, the end at once."""

    async def script(request):
        await asyncio.sleep(0.6)
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        await response.write(backend.chunk("a"))
        await asyncio.sleep(0.6)
        await response.write(backend.chunk("b", "stop"))
        return response

    backend.script = script
    with start_gateway(
        timeouts=timeouts,
        backends={"up": {"kind": "openai", "base_url": backend.url}},
        models={"m": {"route": [{"backend": "up"}]}},
    ) as client:
        response = client.chat(stream=True)
        assert response.status_code == status
        if code:
            assert client.events()[-2]["error"]["code"] == code


def test_a_drip_without_end_stops_at_the_total_limit(hasty_client, backend):
    backend.streams(*([backend.chunk("a")] * 1000))
    started = time.monotonic()
    *_, failure, done = hasty_client.events()
    assert 0.9 < time.monotonic() - started < 4
    assert (failure["error"]["code"], done) == ("backend_timeout", "[DONE]")


def test_a_choice_with_an_odd_index_is_a_bad_answer(client, backend):
    backend.streams(backend.chunk("a"), b'data: {"choices": [{"index": [], "delta": {}, "finish_reason": "stop"}]}\n\n')
    assert client.events()[-2]["error"]["code"] == "backend_bad_answer"


def test_every_choice_has_its_finish_reason(client, backend):
    def chunk(index, finish):
        return (
            b"data: "
            + json.dumps({"choices": [{"index": index, "delta": {}, "finish_reason": finish}]}).encode()
            + b"\n\n"
        )

    backend.streams(chunk(0, "stop"), chunk(1, "length"))
    assert finish_reasons(client.events(n=2)) == ["stop", "length"]
    backend.streams(chunk(0, "stop"))
    assert client.events(n=2)[-2]["error"]["code"] == "backend_disconnected"


def test_a_stopping_gateway_answers_what_it_cannot_finish(start_gateway, backend):
    backend.is_silent()
    with start_gateway(
        backends={"up": {"kind": "openai", "base_url": backend.url}}, models={"m": {"route": [{"backend": "up"}]}}
    ) as client:
        threading.Thread(target=lambda: backend.called.wait(5) and client.stop()).start()
        response = client.chat()
    assert (response.status_code, client.error(response)["code"]) == (503, "gateway_shutting_down")
    assert response.headers["retry-after"] == "1"
    assert backend.closed.wait(5)


def test_a_stopping_gateway_ends_its_streams_with_an_error(start_gateway, backend):
    backend.streams(backend.chunk("a"), pause_s=30)
    with start_gateway(
        backends={"up": {"kind": "openai", "base_url": backend.url}}, models={"m": {"route": [{"backend": "up"}]}}
    ) as client:
        body = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": True}
        request = client.http.build_request("POST", "/v1/chat/completions", json=body)
        response = client.http.send(request, stream=True)
        lines = response.iter_lines()
        assert "a" in next(lines)
        client.stop()
        rest = [line for line in lines if line]
    assert json.loads(rest[0][6:])["error"]["code"] == "gateway_shutting_down"
    assert rest[1] == "data: [DONE]"
