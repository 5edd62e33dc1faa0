import json

import pytest

from keywords.engine.load import quiet_events
from keywords.engine.load.answer import LoadAnswer
from keywords.engine.load.quiet_events import QuietEvents
from keywords.engine.load.sample import Sample
from keywords.engine.openai.answer import Usage

END = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
USAGE = {"choices": [], "usage": {"prompt_tokens": 8, "completion_tokens": 2, "total_tokens": 10}}
ROLE = {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}]}


def event(body, id_="a"):
    return json.dumps({"id": id_, **body}, separators=(",", ":")).encode()


def kept(body):
    events = QuietEvents()
    events.keep(event(body), {"id": "a", **body})
    return events


@pytest.mark.parametrize(
    ("body", "reason", "usage"),
    [(END, "stop", None), (USAGE, None, Usage(8, 2, 10)), (ROLE, None, None), (END | USAGE, None, Usage(8, 2, 10))],
    ids=["end", "usage", "role", "usage without choices"],
)
def test_an_event_is_known_by_what_follows_its_id(body, reason, usage):
    answer = LoadAnswer(Sample(0))
    assert kept(body).read(event(body, "another-1"), answer)
    assert (answer.sample.finish_reason, answer.usage) == (reason, usage)


@pytest.mark.parametrize(
    "body",
    [
        {"choices": [{"index": 0, "delta": {"content": "x"}}]},
        {"choices": [{"index": 0, "text": "x"}]},
        {"choices": [{"index": 0, "delta": {"tool_calls": [{"function": {"name": "f"}}]}}]},
        {"error": {"message": "overloaded"}},
        {"choices": [], "padding": "x" * 3000},
    ],
    ids=["text", "text completion", "tool call", "error", "long"],
)
def test_an_event_that_says_more_is_not_kept(body):
    assert not kept(body).read(event(body), LoadAnswer(Sample(0)))


@pytest.mark.parametrize(
    "other",
    [
        event(USAGE | {"usage": {"prompt_tokens": 8, "completion_tokens": 3, "total_tokens": 11}}),
        event(USAGE, 'a","usage":{"completion_tokens":9},"x":"'),
        event(USAGE, "line\nend"),
        event(USAGE, ""),
        b"{" + event(USAGE)[1:].replace(b'"id"', b'"ID"'),
        b"not JSON",
    ],
    ids=["another count", "an escaped id", "a control character", "an empty id", "no id", "no JSON"],
)
def test_another_event_is_not_taken_for_a_known_one(other):
    answer = LoadAnswer(Sample(0))
    known = kept(USAGE).read(other, answer)
    assert not known or json.loads(other)["usage"] == USAGE["usage"]


def test_no_more_are_kept_if_few_come_again(monkeypatch):
    monkeypatch.setattr(quiet_events, "_MOST", 3)
    events, answer = QuietEvents(), LoadAnswer(Sample(0))
    bodies = [USAGE | {"created": second} for second in range(5)]
    for body in bodies:
        events.keep(event(body), body)
    assert [events.read(event(body), answer) for body in bodies] == [True, True, True, False, False]
    events.keep(event(bodies[4]), bodies[4])
    assert [events.read(event(body), answer) for body in bodies] == [False, False, False, False, True]


def stream(id_, created, words):
    chunk = {"object": "chat.completion.chunk", "created": created, "model": "m"}
    events = [chunk | ROLE]
    events += [chunk | {"choices": [{"index": 0, "delta": {"content": word}}]} for word in words]
    events += [chunk | END, chunk | USAGE]
    return [b"data: " + event(body, id_) + b"\n\n" for body in events] + [b"data: [DONE]\n\n"]


@pytest.mark.parametrize("words", [["one"], ["one", " two", " three", " four"]], ids=["one chunk", "four chunks"])
@pytest.mark.parametrize("is_joined", [True, False], ids=["in one read", "a read for each event"])
def test_later_answers_have_what_the_first_one_has(words, is_joined):
    found = []
    for number in range(3):
        answer = LoadAnswer(Sample(0))
        answer.begin(200, {b"content-type": b"text/event-stream"})
        events = stream(f"chatcmpl-{number}", 1_700_000_000, words)
        for data in [b"".join(events)] if is_joined else events:
            answer.take(data, 1.0)
        answer.finish()
        sample = answer.sample
        found.append((sample.error, sample.finish_reason, sample.output_tokens, sample.text_length, sample.text_chunks))
    assert found == [(None, "stop", 2, len("".join(words)), len(words))] * 3
