"""A client waits as long as an honest slow server needs for what was asked, and not much longer."""

import json
import socket

import httpx2
import pytest

from keywords.engine.http.patience import LONGEST_S, Patience, requests_at_once
from keywords.engine.http.recorder import StreamOutgrewRequest
from keywords.engine.openai.answer import AnswerBrokeOff
from keywords.engine.openai.client import ChatClient


def limits(patience=None, extensions=None, **fields):
    request = httpx2.Request("POST", "http://a/v1/chat/completions", json=fields, extensions=extensions or {})
    return (patience or Patience()).limits(request)


@pytest.mark.parametrize("tokens", [1, 20, 64, 250])
def test_a_server_of_five_tokens_a_second_is_waited_for(tokens):
    assert limits(max_tokens=tokens).seconds > 2 * tokens / 5


def test_few_tokens_are_not_waited_for_as_long_as_many():
    assert limits(max_tokens=20).seconds < 25
    assert limits(max_tokens=20, n=8).seconds == pytest.approx(15 + 0.4 * 160, abs=0.5)
    assert limits(max_tokens=20, prompt=["a", "b"]).seconds > limits(max_tokens=20).seconds + 7
    assert limits(max_tokens=20, prompt=[1, 2, 3]).seconds < 25
    assert limits(max_tokens=20, extensions=requests_at_once(8)).seconds > 70
    assert limits(max_completion_tokens=20).seconds < 25
    assert limits(max_tokens=100_000).seconds == LONGEST_S


def test_a_number_of_choices_that_no_server_makes_counts_as_one():
    assert limits(max_tokens=20, n=10**400).seconds < 25


def test_a_server_that_answers_one_after_the_other_is_waited_for():
    assert limits(max_tokens=64, extensions=requests_at_once(8)).seconds > 8 * 64 / 5 + 15


def test_a_long_prompt_takes_its_time():
    assert limits(max_tokens=1, prompt="hello " * 3000).seconds > 45


@pytest.mark.parametrize("asked", [None, "20", -1, True, 1.5])
def test_an_answer_of_any_length_has_the_longest_time(asked):
    assert limits(max_tokens=asked).seconds == LONGEST_S
    assert limits(max_tokens=asked).events is None


def test_more_patience_multiplies_all_times():
    assert limits(Patience(factor=3), max_tokens=20).seconds == pytest.approx(
        3 * limits(max_tokens=20).seconds, abs=0.2
    )
    assert limits(Patience(factor=3)).seconds == 3 * LONGEST_S


def test_a_body_that_is_no_object_has_the_longest_time():
    for content in (b"[]", b"{", b"\xff", b"[" * 100_000, b'{"max_tokens": ' + b"9" * 400 + b"}"):
        assert Patience().limits(httpx2.Request("POST", "http://a", content=content)).seconds == LONGEST_S


def test_a_request_without_a_body_is_soon_answered():
    assert Patience().limits(httpx2.Request("HEAD", "http://a/v1/models")).seconds == 15
    assert Patience(longest_s=2).limits(httpx2.Request("HEAD", "http://a/v1/models")).seconds == 2


def event(text):
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


class Server(httpx2.BaseTransport):
    """Answers with a stream of parts."""

    def __init__(self, parts):
        self.parts, self.read = parts, 0

    def handle_request(self, _):
        transport = self

        class Body(httpx2.SyncByteStream):
            def __iter__(self):
                for part in transport.parts:
                    transport.read += 1
                    yield part

        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, stream=Body())


def endless():
    while True:
        yield event("and on ")


def test_a_stream_that_ignores_its_limit_is_cut_with_a_verdict():
    server, observed = Server(endless()), []
    client = ChatClient("http://a", api_key=None, model="m", transport=server, observe=observed.append)
    with pytest.raises(
        StreamOutgrewRequest, match="goes on after 260 events; the request asks for max_tokens=20"
    ) as caught:
        client.stream("Hello", max_tokens=20)
    assert isinstance(caught.value, AssertionError)
    assert server.read < 300
    assert "goes on after 260 events" in observed[0].failure


def test_a_server_that_sends_letters_is_not_cut():
    letters = [event(letter) for letter in "four" * 20]
    client = ChatClient("http://a", api_key=None, model="m", transport=Server([*letters, b"data: [DONE]\n\n"]))
    assert client.stream("Hello", max_tokens=20).text == "four" * 20


def test_what_was_waited_for_is_said():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        client = ChatClient(url, api_key=None, model="m", timeout_s=0.2)
        with pytest.raises(AnswerBrokeOff, match=r"no end .* within 0\.2 s; the request asks for max_tokens=20"):
            client.ask("Hello", max_tokens=20)
