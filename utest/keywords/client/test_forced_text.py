"""A forced text is verified, and a server's own statement skips the row."""

import json

import httpx2
import pytest
from robot.api import SkipExecution

from keywords.client.answers import AnswersLibrary
from keywords.client.forced_text import ForcedTextLibrary


def says_it(make, change=str):
    def answer(request):
        schema = json.loads(request.content)["response_format"]["json_schema"]["schema"]
        text = schema["properties"]["text"]["enum"][0]
        return httpx2.Response(200, json=make.completion(json.dumps({"text": change(text)})))

    return answer


def test_the_text_comes(gateway, make):
    gateway.answer = says_it(make)
    assert ForcedTextLibrary().ask_for_exactly("naïve 😀").status == 200
    assert len(ForcedTextLibrary().ask_together_for_exactly("one", "two", "three")) == 3


def test_a_replaced_character_is_found(gateway, make):
    gateway.answer = says_it(make, lambda text: text.encode("ascii", "replace").decode())
    with pytest.raises(AssertionError, match=r"from character 2 on it has '\?ve' instead of 'ïve'"):
        ForcedTextLibrary().ask_for_exactly("naïve")


def test_another_clients_answer_is_found(gateway, make):
    gateway.answer = says_it(make, lambda _: "one")
    with pytest.raises(AssertionError, match=r"Answer 2 of 2: .*instead of 'two'"):
        ForcedTextLibrary().ask_together_for_exactly("one", "two")


def test_a_stream_is_joined(gateway, make):
    gateway.streams(
        make.chunk({"role": "assistant", "content": '{"text": "on'}), make.chunk({"content": 'e"}'}), "[DONE]"
    )
    ForcedTextLibrary().ask_for_exactly("one", stream=True)
    gateway.streams(make.chunk({"role": "assistant", "content": '{"text": "on'}), "[DONE]")
    with pytest.raises(AssertionError, match="is no JSON"):
        ForcedTextLibrary().ask_for_exactly("one", stream=True)


def test_pieces_of_another_stream_are_found(gateway, make):
    gateway.streams(make.chunk({"role": "assistant", "content": '{"text": "one"}'}), "[DONE]")
    with pytest.raises(AssertionError, match=r"Answer 2 of 2: .*instead of 'two'"):
        ForcedTextLibrary().ask_together_for_exactly("one", "two", stream=True)


@pytest.mark.parametrize("stream", [True, False])
def test_the_servers_statement_skips(gateway, make, stream):
    gateway.answers(400, json={"error": {"message": "No.", "type": "x", "param": "response_format", "code": None}})
    with pytest.raises(SkipExecution, match="the server refuses 'response_format' with 400: No"):
        ForcedTextLibrary().ask_for_exactly("one", stream=stream)
    with pytest.raises(SkipExecution, match="'response_format'"):
        ForcedTextLibrary().ask_together_for_exactly("one", "two")
    gateway.answers(200, json=make.completion("Hi"), headers={"x-gateway-dropped-params": "seed, response_format"})
    with pytest.raises(SkipExecution, match="that it dropped 'response_format'"):
        ForcedTextLibrary().ask_for_exactly("one")


def test_another_refusal_does_not_skip(gateway):
    gateway.answers(400, json={"error": {"message": "No.", "type": "x", "param": "max_tokens", "code": None}})
    with pytest.raises(Exception, match="was refused with 400"):
        ForcedTextLibrary().ask_for_exactly("one")


def test_the_words_about_an_answer(gateway, make):
    library = AnswersLibrary()
    answer = gateway.client.ask("Hello")
    library.model_should_be_the_one_asked_for(answer)
    library.body_should_be_utf8(answer)
    library.ids_should_be_unique(answer)
    with pytest.raises(AssertionError, match="Answers cannot be told apart: 2 of 2 answers have the id 'c1'"):
        library.ids_should_be_unique(answer, gateway.client.ask("Hello"))
    with pytest.raises(AssertionError, match="Not created now: created is 1, "):
        library.created_should_be_now(answer, 60)
    gateway.streams(make.chunk({"content": "a"}), make.chunk({"content": "b"}, id="s2"), "[DONE]")
    with pytest.raises(AssertionError, match="Not one answer: all 2 events must have the same id"):
        library.stream_should_be_one_answer(gateway.client.stream("Hello"))
