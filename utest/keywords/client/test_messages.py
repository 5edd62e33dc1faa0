"""What the keywords of Messages send, and what they find wrong with what comes back."""

import json

import pytest

from keywords.client.messages import MessagesLibrary
from keywords.engine.anthropic import conformance
from keywords.engine.anthropic.messages import read_stream

ID = {"request-id": "r1"}
MESSAGE = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
    "content": [{"type": "text", "text": "Hi"}], "usage": {"input_tokens": 1, "output_tokens": 2},
}  # fmt: skip
START = {
    "type": "message_start",
    "message": {**MESSAGE, "content": [], "stop_reason": None},
}
BLOCK = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
DELTA = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}}
BLOCK_STOP = {"type": "content_block_stop", "index": 0}
ENDED = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}}
STOP = {"type": "message_stop"}
GOOD = [START, {"type": "ping"}, BLOCK, DELTA, BLOCK_STOP, ENDED, STOP]
ERROR = {"type": "error", "error": {"type": "api_error", "message": "It broke off."}, "request_id": "r1"}
BROKEN = [START, BLOCK, DELTA, ERROR]


@pytest.fixture
def stream(gateway):
    def read(*events, name=None, raw=b""):
        wire = b"".join(f"event: {name or event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events)
        gateway.answers(200, content=wire + raw, headers={"content-type": "text/event-stream", **ID})
        return MessagesLibrary().stream_message()

    return read


def test_what_is_sent(gateway):
    gateway.answers(200, json=MESSAGE)
    library = MessagesLibrary()
    library.body_should_be_a_message(library.send_message("Hi.", max_tokens="-1", system="Be brief.", model="null"))
    (request,) = gateway.asked
    assert request.url.path == "/v1/messages"
    assert json.loads(request.content) == {
        "max_tokens": -1, "system": "Be brief.", "messages": [{"role": "user", "content": "Hi."}],
    }  # fmt: skip
    assert (request.headers["anthropic-version"], "x-api-key" in request.headers) == ("2023-06-01", False)


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("authorization", {"authorization": "Bearer sk-canary"}),
        ("x-api-key", {"x-api-key": "sk-canary"}),
        ("none", {}),
    ],
)
def test_where_the_key_is(gateway, place, found):
    MessagesLibrary().send_message(key_in=place)
    headers = gateway.asked[0].headers
    assert {name: headers[name] for name in ("authorization", "x-api-key") if name in headers} == found
    assert "sk-canary" not in str(gateway.observed[0].request_headers)


@pytest.mark.parametrize(
    ("changes", "defect"),
    [
        ({"id": ""}, "id must be"),
        ({"type": "chat.completion"}, "type must be 'message'"),
        ({"role": "user"}, "role must be"),
        ({"content": "Hi"}, "content must be an array"),
        ({"content": [{}]}, "content must be an array"),
        ({"stop_reason": "stop"}, "stop_reason is 'stop'"),
        ({"usage": None}, "usage.input_tokens"),
        ({"usage": {"input_tokens": 1, "output_tokens": "2"}}, "usage.output_tokens"),
    ],
)
def test_defects_of_a_message(changes, defect):
    assert conformance.message_defects(MESSAGE) == []
    assert defect in " ".join(conformance.message_defects({**MESSAGE, **changes}))


def test_a_good_stream(stream):
    good = stream(*GOOD)
    assert (good.text, good.stop_reason, good.error, good.is_closed) == ("Hi", "end_turn", None, True)
    MessagesLibrary().message_stream_should_be_in_order(good)
    assert MessagesLibrary().get_message_text(good) == "Hi"
    with pytest.raises(AssertionError, match="the last event, and no other one, must be an error"):
        MessagesLibrary().message_stream_should_say_that_it_broke_off(good)


@pytest.mark.parametrize(
    ("events", "defect"),
    [
        (GOOD[1:], "it must go from message_start"),
        (GOOD[:-1], "it must go from message_start"),
        ([*GOOD[:-2], STOP], "it must go from message_start"),
        ([START, START, *GOOD[1:]], "message_start of block None comes out of order"),
        ([START, DELTA, ENDED, STOP], "content_block_delta of block 0 comes out of order"),
        ([START, BLOCK, DELTA, ENDED, STOP], "block 0 has no stop"),
        ([START, BLOCK, BLOCK, BLOCK_STOP, ENDED, STOP], "content_block_start of block 0 comes out of order"),
        ([START, {**BLOCK, "index": 1}, ENDED, STOP], "content_block_start of block 1 comes out of order"),
        ([START, BLOCK, {**DELTA, "delta": {"type": "input_json_delta"}}, BLOCK_STOP, ENDED, STOP], "has a delta of"),
        ([START, BLOCK, BLOCK_STOP, {**ENDED, "delta": {}}, STOP], "the stop_reason is None"),
        ([START, {**ENDED, "usage": {}}, STOP], "usage.output_tokens"),
        ([{"type": "message_start", "message": MESSAGE}, ENDED, STOP], "without content and stop_reason"),
        ([*GOOD, ERROR], "it must go from message_start"),
    ],
)
def test_defects_of_a_stream(stream, events, defect):
    assert defect in " ".join(conformance.stream_defects(stream(*events)))


def test_defects_of_the_wire(stream):
    assert "an event is named 'x'" in " ".join(conformance.stream_defects(stream(*GOOD, name="x")))
    for raw, defect in ((b"data: {\n\n", "not JSON"), (b"data: []\n\n", "no object"), (b"data: {", "inside an event")):
        assert defect in " ".join(conformance.stream_defects(stream(*GOOD, raw=raw)))


def test_no_stream(gateway):
    gateway.answers(500, json=ERROR)
    with pytest.raises(AssertionError, match="No stream came, but 500"):
        MessagesLibrary().stream_message()


def test_a_broken_stream(stream):
    broken = stream(*BROKEN)
    MessagesLibrary().message_stream_should_say_that_it_broke_off(broken)
    with pytest.raises(AssertionError, match="Not in Anthropic's order"):
        MessagesLibrary().message_stream_should_be_in_order(broken)


@pytest.mark.parametrize(
    ("events", "defect"),
    [
        ([START, BLOCK, DELTA], "must be an error; 0 are"),
        ([*BROKEN, ERROR], "must be an error; 2 are"),
        ([*BROKEN, STOP], "must be an error; 1 are"),
        ([START, ENDED, ERROR], "must not claim a stop reason"),
        ([START, {**ERROR, "request_id": "other"}], "request_id must be that of the header"),
        ([START, {**ERROR, "error": {"type": "", "message": "x"}}], "error.type must be a text"),
        ([START, {**ERROR, "error": None}], "error must be an object"),
    ],
)
def test_defects_of_a_broken_stream(stream, events, defect):
    assert defect in " ".join(conformance.broken_stream_defects(stream(*events)))


@pytest.mark.parametrize(
    ("status", "body", "defect"),
    [
        (500, ERROR, None),
        (429, {**ERROR, "error": {"type": "rate_limit_error", "message": "x"}}, None),
        (400, ERROR, "error.type must be 'invalid_request_error' under 400"),
        (529, ERROR, "error.type must be 'overloaded_error' under 529"),
        (500, {"error": ERROR["error"]}, "type must be 'error'"),
        (500, [], "the body is no object"),
        (200, ERROR, "the status must be 400 or more"),
        (500, {**ERROR, "error": {"type": "api_error", "message": "Traceback (most"}}, "the inside of the program"),
    ],
)
def test_defects_of_an_error(gateway, status, body, defect):
    gateway.answers(status, json=body, headers=ID)
    found = conformance.error_defects(MessagesLibrary().send_message())
    assert (not found) if defect is None else defect in " ".join(found)


def test_what_is_no_error_at_all(gateway):
    gateway.answers(500, content=b"oops")
    with pytest.raises(AssertionError, match="not JSON"):
        MessagesLibrary().error_should_be_an_anthropic_error(MessagesLibrary().send_message())


def test_pings_are_left_out(stream):
    exchange = stream(*GOOD).exchange
    assert [event["type"] for event in read_stream(exchange).events].count("ping") == 0
