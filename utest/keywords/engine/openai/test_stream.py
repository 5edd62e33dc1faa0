import httpx2
import pytest

from keywords.engine.openai.client import AnswerBrokeOff, GatewayRefused
from keywords.engine.openai.conformance import broken_stream_defects, stream_defects


def streamed(gateway, *events, include_usage=False, **changes):
    gateway.streams(*events, **changes)
    return gateway.client.stream("Hello", include_usage=include_usage)


def test_a_good_stream(gateway, make):
    stream = streamed(gateway, *make.good_stream)
    assert (stream.text, stream.finish_reasons, stream.roles, stream.closed) == ("Héllo", ["stop"], ["assistant"], True)
    assert (stream.usage, stream.error, stream.failure, stream.problems) == (None, None, None, [])
    assert [piece.text for piece in stream.pieces] == ["Hé", "llo"]
    assert 0 < stream.ttfb_s <= stream.ttft_s <= stream.total_s
    assert len(stream.gaps_s) == 1
    assert stream_defects(stream) == []
    assert gateway.bodies[0]["stream"] is True
    assert "stream_options" not in gateway.bodies[0]


def test_usage_that_was_asked_for(gateway, make):
    events = [*make.good_stream[:-1], make.chunk(usage=make.usage), "[DONE]"]
    stream = streamed(gateway, *events, include_usage=True)
    assert stream.usage.total_tokens == 5
    assert gateway.bodies[0]["stream_options"] == {"include_usage": True}
    assert stream_defects(stream) == []


def test_several_choices_keep_apart(gateway, make):
    stream = streamed(
        gateway,
        make.chunk({"role": "assistant"}, index=1),
        make.chunk({"role": "assistant"}, index=0),
        make.chunk({"content": "b"}, index=1),
        make.chunk({"content": "a"}, index=0),
        make.chunk({}, "stop", index=0),
        make.chunk({"content": "b"}, "length", index=1),
        "[DONE]",
    )
    assert stream.texts == ["a", "bb"]
    assert stream.finish_reasons == ["stop", "length"]
    assert stream_defects(stream) == []


@pytest.mark.parametrize("content", [None, ""])
def test_the_time_to_first_content_passes_over_the_bare_role(gateway, make, content):
    rest = make.good_stream[1:]
    role = make.chunk({"role": "assistant", "content": content})

    def slow(_):
        def body():
            yield make.sse(role)
            yield make.sse(*rest)

        return httpx2.Response(200, content=body(), headers={"content-type": "text/event-stream"})

    gateway.answer = slow
    stream = gateway.client.stream("Hello")
    assert len(stream.chunks) == 2
    assert stream.ttft_s == stream.chunks[1].at_s > stream.ttfb_s


def test_text_that_is_reasoned_counts_for_time_but_not_as_answer(gateway, make):
    stream = streamed(
        gateway,
        make.chunk({"role": "assistant"}),
        make.chunk({"reasoning_content": "hm"}),
        make.chunk({"content": "Yes"}, "stop"),
        "[DONE]",
    )
    assert stream.text == "Yes"
    assert [piece.text for piece in stream.pieces] == ["hm", "Yes"]


@pytest.mark.parametrize("delta", [{"reasoning": "hm"}, {"reasoning": "hm", "reasoning_content": "hm"}])
def test_thoughts_under_another_name_count_once(gateway, make, delta):
    stream = streamed(gateway, make.chunk(delta), make.chunk({"content": "Yes"}, "stop"), "[DONE]")
    assert [piece.text for piece in stream.pieces] == ["hm", "Yes"]


ROLE, FIRST, SECOND, END, DONE = range(5)


def without(events, index):
    return [event for at, event in enumerate(events) if at != index]


@pytest.mark.parametrize(
    ("change", "defect"),
    [
        (lambda e, _: without(e, DONE), "[DONE] must come exactly once, it came 0 times"),
        (lambda e, _: [*e, "[DONE]"], "[DONE] must come exactly once, it came 2 times"),
        (lambda e, m: [*e, m.chunk()], "[DONE] must be the last event"),
        (lambda e, _: without(e, END), "choice 0 has no finish reason"),
        (lambda e, m: [*e[:END], m.chunk({}, "stop"), *e[END:]], "a second finish reason, 'stop' after 'stop'"),
        (lambda e, m: [*e[:DONE], m.chunk({"content": "x"}), e[DONE]], "content after its finish reason"),
        (lambda e, m: [*e[:END], m.chunk({"role": "assistant"}), *e[END:]], "the role comes again"),
        (lambda e, _: without(e, ROLE), "its first event must carry the role 'assistant', it has None"),
        (lambda e, m: [*e[:END], m.chunk({}, id="s2"), *e[END:]], "the id changes within the stream"),
        (lambda e, m: [m.chunk({"role": "assistant"}, object="chat.completion"), *e[1:]], "object must be 'chat.com"),
        (lambda e, m: [*e[:END], m.chunk({}, "halt"), e[DONE]], "unknown finish reason 'halt'"),
        (lambda e, m: [*e[:DONE], m.chunk(usage=m.usage), e[DONE]], "usage came without being asked for"),
        (lambda e, m: [*e[:END], m.error, *e[END:]], "an error event came"),
        (lambda e, _: [*e[:END], "{", *e[END:]], "event 4 is not JSON"),
        (lambda e, _: [*e[:END], "[]", *e[END:]], "event 4 is not an object"),
        (lambda _, __: ["[DONE]"], "no choice came"),
    ],
)
def test_defects_of_a_stream(gateway, make, change, defect):
    defects = stream_defects(streamed(gateway, *change(list(make.good_stream), make)))
    assert any(defect in one for one in defects), defects


@pytest.mark.parametrize(
    ("events", "defect"),
    [
        (lambda e, _: e, "one event with it and without choices must come, 0 came"),
        (lambda e, m: [m.chunk(usage=m.usage), *e], "must be the last one before [DONE]"),
        (lambda e, m: [*e[:DONE], m.chunk(usage={**m.usage, "total_tokens": 9}), e[DONE]], "3 + 2 is not 9"),
        (lambda e, m: [*e[:DONE], m.chunk(usage=m.usage), m.chunk(usage=m.usage), e[DONE]], "must come, 2 came"),
    ],
)
def test_defects_of_usage_that_was_asked_for(gateway, make, events, defect):
    stream = streamed(gateway, *events(list(make.good_stream), make), include_usage=True)
    defects = stream_defects(stream)
    assert len(defects) == 1
    assert defect in defects[0]


def test_a_wrong_content_type_is_a_defect(gateway, make):
    stream = streamed(gateway, *make.good_stream, content_type="application/json")
    assert stream_defects(stream) == ["the content type must be text/event-stream, it is 'application/json'"]


def test_a_broken_stream_that_says_so(gateway, make):
    stream = streamed(gateway, *make.good_stream[:2], make.error, "[DONE]")
    assert stream.error["code"] == "backend_gone"
    assert stream.error_at_s == stream.chunks[0].at_s
    assert broken_stream_defects(stream) == []


@pytest.mark.parametrize(
    ("events", "defect"),
    [
        (lambda e, _: e, "exactly one error event, there are 0"),
        (lambda e, m: [*e[:2], m.error], "[DONE] must come exactly once"),
        (lambda e, m: [*e[:2], m.error, m.error, "[DONE]"], "exactly one error event, there are 2"),
        (lambda e, m: [*e[:END], m.chunk({}, "stop"), m.error, "[DONE]"], "must not claim a finish reason"),
        (lambda e, _: [*e[:2], {"error": {"message": "gone"}}, "[DONE]"], "error.code is missing"),
        (lambda e, _: [*e[:2], {"error": "gone"}, "[DONE]"], "must be an object with the object `error`"),
    ],
)
def test_defects_of_a_broken_stream(gateway, make, events, defect):
    defects = broken_stream_defects(streamed(gateway, *events(list(make.good_stream), make)))
    assert any(defect in one for one in defects), defects


def test_a_refusal_instead_of_a_stream_is_raised(gateway, make):
    gateway.answers(404, json=make.error)
    with pytest.raises(GatewayRefused, match=r"refused with 404: The backend is gone\.") as refused:
        gateway.client.stream("Hello")
    assert (refused.value.status, refused.value.error["code"]) == (404, "backend_gone")


def test_no_answer_at_all_is_raised(gateway):
    def nobody(_):
        raise httpx2.ConnectError("nobody listens")

    gateway.answer = nobody
    with pytest.raises(AnswerBrokeOff, match="ConnectError: nobody listens"):
        gateway.client.stream("Hello")


def test_a_connection_that_dies_later_is_recorded(gateway, make):
    def dying(_):
        def body():
            yield make.sse(*make.good_stream[:2])
            raise httpx2.ReadError("reset")

        return httpx2.Response(200, content=body(), headers={"content-type": "text/event-stream"})

    gateway.answer = dying
    stream = gateway.client.stream("Hello")
    assert (stream.text, stream.closed, stream.failure) == ("Hé", False, "ReadError: reset")
    assert "the connection broke off: ReadError: reset" in stream_defects(stream)
    assert [exchange.failure for exchange in gateway.observed] == ["ReadError: reset"]
