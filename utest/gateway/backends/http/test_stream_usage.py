"""The usage that only a budget needs: asked for, noted, and taken out of the stream again."""

import asyncio
import json

import pytest

from gateway.backends.http.events import whole_events
from gateway.backends.http.stream_usage import UsageRemover, ask_usage, asks_usage, refuses_option
from gateway.errors.base import BackendRejectedRequest, BackendUnavailable
from gateway.request.usage import Meter, Usage

COUNT = {"prompt_tokens": 3, "completion_tokens": 5}


def event(**fields):
    return b"data: " + json.dumps(fields, separators=(",", ":")).encode() + b"\n\n"


WORD = event(choices=[{"index": 0, "delta": {"content": "x"}, "finish_reason": None}])
FINISH = event(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}])
DONE = b"data: [DONE]\n\n"


@pytest.mark.parametrize(
    ("body", "options"),
    [
        (b'{"model":"m"}', {}),
        (b'{"model":"m","n":18446744073709551616, "x" : 1.50 }\r\n', {}),
        (b' {"model":"m","stream_options":null}', {}),
        (b'{"model":"m","stream_options":{}}', {}),
        (b'{"model":"m","stream_options":{"include_usage":false,"a":1}}', {"a": 1}),
    ],
)
def test_the_option_is_added_and_the_rest_of_the_body_stays(body, options):
    asked = json.loads(ask_usage(body, json.loads(body)))
    assert asked.pop("stream_options") == {**options, "include_usage": True}
    assert asked == {name: value for name, value in json.loads(body).items() if name != "stream_options"}


def test_a_body_without_options_keeps_its_bytes():
    body = b'{"model":"m","n":18446744073709551616, "x" : 1.50 }'
    assert ask_usage(body, {"model": "m"}).startswith(body[:-1])


@pytest.mark.parametrize("options", [b"null", b"{}", b'{"a":1e400}'])
def test_long_numbers_keep_their_digits_beside_options(options):
    body = b'{"n":18446744073709551616,"x":0.12345678901234567890,"stream_options":%b}' % options
    assert ask_usage(body, {"stream_options": None}).startswith(body[: -len(options) - 2])


@pytest.mark.parametrize(
    ("fields", "asks"),
    [
        ({}, False),
        ({"stream_options": None}, False),
        ({"stream_options": {}}, False),
        ({"stream_options": {"include_usage": False}}, False),
        ({"stream_options": {"include_usage": True}}, True),
    ],
)
def test_whether_the_client_asks_itself(fields, asks):
    assert asks_usage(fields) is asks


def refused(text, status=400, **fields):
    error = BackendRejectedRequest(text, status=status, **fields)
    error.backend_status = status
    return error


@pytest.mark.parametrize(
    ("error", "refuses"),
    [
        (refused("Unrecognized request argument supplied: stream_options"), True),
        (refused("[{'loc': ['body', 'stream_options'], 'msg': 'Extra inputs are not permitted'}]", 422), True),
        (refused("unknown field", param="stream_options.include_usage"), True),
        (refused("unknown field", param="seed"), False),
        (refused("slow down, stream_options or not", 429), False),
        (BackendUnavailable("stream_options"), False),
    ],
)
def test_which_refusals_are_about_the_option(error, refuses):
    assert refuses_option(error) is refuses


def streamed(*blocks):
    meter = Meter()

    async def chunks():
        for block in blocks:
            yield block

    async def main():
        return b"".join([block async for block in whole_events(chunks(), backend="b", usage=UsageRemover(meter))])

    return asyncio.run(main()), meter


@pytest.mark.parametrize(
    "chunk",
    [
        event(choices=[], usage=COUNT),
        event(id="x", choices=[], usage=COUNT, service_tier="default"),
        b'data: {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 5}}\n\n',
        event(choices=None, usage=COUNT),
        event(usage=COUNT),
    ],
)
@pytest.mark.parametrize("cut", [False, True])
def test_a_chunk_that_holds_only_the_usage_is_noted_and_taken_out(chunk, cut):
    blocks = (WORD, FINISH + chunk + DONE) if not cut else (WORD, FINISH, chunk[:20], chunk[20:], DONE)
    events, meter = streamed(*blocks)
    assert (events, meter.usage()) == (WORD + FINISH, Usage(3, 5, "backend"))


def test_nulls_are_taken_out_and_a_text_about_them_stays():
    null = event(choices=[{"index": 0, "delta": {"content": ',"usage":null'}}], usage=None)
    events, _ = streamed(null, FINISH, DONE)
    assert json.loads(events.split(b"\n\n")[0][6:]) == {
        "choices": [{"index": 0, "delta": {"content": ',"usage":null'}}]
    }


@pytest.mark.parametrize(
    "chunk",
    [
        event(choices=[{"index": 0, "delta": {"content": "x"}, "finish_reason": None}], usage=COUNT),
        event(choices=[], prompt_filter_results=[]),
        event(choices=[{"index": 0, "delta": {"content": '"usage":{'}, "finish_reason": None}]),
    ],
)
def test_a_chunk_that_holds_more_stays(chunk):
    events, _ = streamed(chunk, FINISH, DONE)
    assert events == chunk + FINISH


def test_a_usage_that_is_no_count_is_taken_out_and_not_believed():
    events, meter = streamed(WORD, FINISH, event(choices=[], usage={"prompt_tokens": -1}), DONE)
    assert (events, meter.usage()) == (WORD + FINISH, None)
