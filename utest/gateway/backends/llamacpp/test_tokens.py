"""What is asked of llama.cpp's tokenizer, and what is kept of an answer for it."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from gateway.backends.base import Call
from gateway.backends.llamacpp import tokens as llamacpp_tokens
from gateway.backends.llamacpp.tokens import LlamaCppTokenCounter
from gateway.errors.base import BackendBadAnswer, BackendRejectedRequest, BackendUnavailable
from gateway.operations import CHAT, COUNT_TOKENS, EMBEDDINGS, TEXT_COMPLETION
from gateway.request.usage import Usage

MESSAGES = [{"role": "user", "content": "Hello there"}]


class Server:
    """A tokenizer for which each word is a token; the prompt of messages begins with `<s>`."""

    def __init__(self, **answers):
        self.asked = []
        self.status = 200
        self.headers = {}
        self._answers = answers

    @asynccontextmanager
    async def post(self, path, body, _request_id):
        asked = json.loads(body)
        self.asked.append((path, asked))
        if path == "/apply-template":
            answer = {"prompt": " ".join(["<s>", *(message["content"] for message in asked["messages"])])}
        else:
            words = asked["content"].split() if isinstance(asked["content"], str) else asked["content"]
            answer = {"tokens": list(range(len(words)))}
        self.body = self._answers.get(path, json.dumps(answer).encode())
        yield self

    async def read(self):
        return self.body


def counter(server, operation=CHAT, **fields):
    fields = {"messages": MESSAGES, **fields} if operation in {CHAT, COUNT_TOKENS} else fields
    fields = {"model": "m", **fields}
    call = Call(json.dumps(fields).encode(), fields, "m", "m", "id", stream=True, operation=operation)
    return LlamaCppTokenCounter(call, "b", lambda: server)


def piece(content=None, index=0, **fields):
    delta = fields or {"content": content}
    return (
        b"data: "
        + json.dumps({"choices": [{"index": index, "delta": delta, "finish_reason": None}]}).encode()
        + b"\n\n"
    )


def test_the_prompt_is_laid_out_by_the_template_and_the_answer_is_plain_text():
    server = Server()
    tokens = counter(server)
    for block in (piece(role="assistant", content=None), piece("One"), piece(" two") + piece(" <|im_end|>")):
        tokens.note_block(block)
    assert asyncio.run(tokens.count()) == Usage(3, 3, "tokenizer")
    assert server.asked == [
        ("/tokenize", {"content": "One two <|im_end|>", "add_special": False, "parse_special": False}),
        ("/apply-template", {"messages": MESSAGES, "model": "m"}),
        ("/tokenize", {"content": "<s> Hello there", "add_special": True, "parse_special": True}),
    ]


def test_a_prompt_alone_is_that_of_a_chat():
    assert asyncio.run(counter(Server(), COUNT_TOKENS).prompt_tokens()) == 3


def test_what_the_server_refuses_is_no_count():
    server = Server(**{"/apply-template": b'{"error": {"message": "odd roles", "type": "x", "code": 400}}'})
    server.status = 400
    with pytest.raises(BackendRejectedRequest):
        asyncio.run(counter(server, COUNT_TOKENS).prompt_tokens())


def test_an_answer_that_never_began_has_no_tokens():
    assert asyncio.run(counter(Server()).count()) == Usage(3, 0, "tokenizer")


def test_each_choice_is_read_by_itself():
    tokens = counter(Server())
    for block in (piece("a b"), piece("d e", index=1), piece("c d"), piece("f g", index=1)):
        tokens.note_block(block)
    # "a bc d" and "d ef g", not "a bc dd ef g".
    assert asyncio.run(tokens.count()).completion_tokens == 6


def test_what_came_in_more_pieces_than_the_tokenizer_makes_of_it_has_as_many_tokens():
    tokens = counter(Server())
    for part in ('{"', "na", "me", '":'):
        tokens.note_block(piece(part))
    assert asyncio.run(tokens.count()).completion_tokens == 4


def test_what_holds_no_text_is_passed_over():
    server = Server()
    tokens = counter(server)
    tokens.note_block(
        piece(role="assistant", content=None) + b": comment\n\ndata: [DONE]\n\ndata: {broken\n\ndata: null\n\n"
    )
    assert asyncio.run(tokens.count()).completion_tokens == 0
    assert [path for path, _ in server.asked] == ["/apply-template", "/tokenize"]


def test_thoughts_and_calls_of_tools_count_as_well():
    tokens = counter(Server())
    call = {"index": 0, "id": "1", "function": {"name": "add ", "arguments": '{"a": 1}'}}
    tokens.note_block(piece(reasoning_content="so be it ") + piece(tool_calls=[call]))
    assert asyncio.run(tokens.count()).completion_tokens == 6


@pytest.mark.parametrize(
    ("operation", "fields", "tokens"),
    [
        (TEXT_COMPLETION, {"prompt": "Once upon"}, 2),
        (TEXT_COMPLETION, {"prompt": ["Once upon", "a time there"]}, 5),
        (TEXT_COMPLETION, {"prompt": [7, 8, 9]}, 3),
        (TEXT_COMPLETION, {"prompt": [[7, 8, 9], [1]]}, 4),
        (EMBEDDINGS, {"input": ["a", "b c"]}, 3),
    ],
)
def test_prompts_without_messages_are_read_as_they_are(operation, fields, tokens):
    assert asyncio.run(counter(Server(), operation, **fields).count()).prompt_tokens == tokens


def test_a_text_completion_s_pieces_count():
    tokens = counter(Server(), TEXT_COMPLETION, prompt="x")
    tokens.note_block(
        b'data: {"choices":[{"index":0,"text":"a b"}]}\n\ndata: {"choices":[{"index":0,"text":" c"}]}\n\n'
    )
    assert asyncio.run(tokens.count()).completion_tokens == 3


def test_of_a_long_answer_only_the_text_is_kept(monkeypatch):
    monkeypatch.setattr(llamacpp_tokens, "KEPT_EVENTS", 1000)
    tokens = counter(Server())
    for _ in range(500):
        tokens.note_block(piece(" word"))
        assert sum(map(len, tokens._blocks)) <= 1000
    assert asyncio.run(tokens.count()).completion_tokens == 500


def test_of_an_answer_without_end_nothing_more_is_kept_nor_counted(monkeypatch):
    monkeypatch.setattr(llamacpp_tokens, "KEPT_EVENTS", 1000)
    monkeypatch.setattr(llamacpp_tokens, "COUNT_LIMIT", 2000)
    server = Server()
    tokens = counter(server)
    for _ in range(5000):
        tokens.note_block(piece(" word"))
    assert tokens._characters < 2200
    assert asyncio.run(tokens.count()) is None
    assert server.asked == []


def test_a_long_prompt_is_not_counted(monkeypatch):
    monkeypatch.setattr(llamacpp_tokens, "COUNT_LIMIT", 20)
    assert asyncio.run(counter(Server()).count()) is None


@pytest.mark.parametrize("answer", [b"", b"null", b'{"error": {"code": 400}}'])
def test_an_answer_that_is_none_is_an_error(answer):
    with pytest.raises(BackendBadAnswer):
        asyncio.run(counter(Server(**{"/apply-template": answer})).count())


def test_a_server_that_is_gone_is_an_error():
    def gone():
        raise BackendUnavailable("gone")

    tokens = counter(None)
    tokens._server = gone
    with pytest.raises(BackendUnavailable):
        asyncio.run(tokens.count())
