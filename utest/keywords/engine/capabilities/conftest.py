"""Toy server that takes every field of a chat request. Its model says words that the request decides, a token each."""

import json
import random
import re

import httpx2
import pytest

from keywords.engine.openai.client import ChatClient

WORDS = [f"{start}{end}" for start in ("ka", "lo", "mi", "ru", "te", "zu") for end in ("n", "rp", "st", "x")]
ENDS = " \n"
ANSWERS = {"What is the capital of France?": "Paris", "What is 2+2?": "4"}


class ToyServer:
    """Answers requests in memory.

    Args:
        spoil_request: changes each request before it is answered; a defect before the model.
        spoil_answer: changes each plain answer; a defect behind the model.
        headers: further headers of plain answers.
    """

    def __init__(self, spoil_request=lambda body: body, spoil_answer=lambda answer: answer, headers=()):
        self._spoil_request, self._spoil_answer = spoil_request, spoil_answer
        self._headers = dict(headers)
        self._count = 0
        self.client = ChatClient(
            "http://toy.test", api_key=None, model="toy", transport=httpx2.MockTransport(self._handle)
        )

    def _handle(self, request):
        body = self._spoil_request(json.loads(request.content))
        self._count += 1
        answer = self._spoil_answer(self._answer(body))
        if not body.get("stream"):
            return httpx2.Response(200, json=answer, headers=self._headers)
        events = [json.dumps(event) for event in streamed(answer)]
        content = "".join(f"data: {event}\n\n" for event in [*events, "[DONE]"])
        return httpx2.Response(200, content=content.encode(), headers={"content-type": "text/event-stream"})

    def _answer(self, body):
        choices = [self._choice(body, index) for index in range(body.get("n") or 1)]
        prompt, said = prompt_count(body), sum(choice.pop("count") for choice in choices)
        usage = {"prompt_tokens": prompt, "completion_tokens": said, "total_tokens": prompt + said}
        head = {"id": f"toy-{self._count}", "object": "chat.completion", "created": 1, "model": "toy"}
        return {**head, "choices": choices, "usage": usage}

    def _choice(self, body, index):
        message, reason = {"role": "assistant", "content": ""}, "stop"
        forced = body.get("tool_choice")
        if body.get("tools") and isinstance(forced, dict):
            function = {"name": forced["function"]["name"], "arguments": '{"city": "Oslo"}'}
            message["tool_calls"] = [{"id": "call_1", "type": "function", "function": function}]
            return {"index": index, "message": message, "finish_reason": "tool_calls", "count": 1}
        tokens = said(body, index)
        limit = body.get("max_completion_tokens") or body.get("max_tokens") or len(tokens)
        if len(tokens) > limit:
            tokens, reason = tokens[:limit], "length"
        message["content"] = "".join(tokens)
        ends = [message["content"].find(stop) for stop in body.get("stop") or () if stop in message["content"]]
        if ends:
            message["content"], reason = message["content"][: min(ends)], "stop"
        choice = {"index": index, "message": message, "finish_reason": reason, "count": len(tokens)}
        if body.get("logprobs"):
            choice["logprobs"] = {"content": [logprob(token, body.get("top_logprobs") or 0) for token in tokens]}
        return choice


def prompt_count(body):
    """Words, runs of white space, other characters and bytes of the prompt, and the offered tools."""
    texts = [text for message in body["messages"] for text in contents(message)]
    pieces = [piece for text in texts for piece in re.findall(r"[A-Za-z0-9]+|\s{2,}|[^A-Za-z0-9 ]", text)]
    count = sum(1 if piece.isascii() else len(piece.encode()) for piece in pieces)
    return count + 3 * len(texts) + 20 * len(body.get("tools") or ())


def contents(message):
    content = message.get("content") or ""
    return [content] if isinstance(content, str) else [part["text"] for part in content]


def said(body, index):
    """The tokens that the model says."""
    form = body.get("response_format") or {}
    if form.get("type") == "json_schema":
        properties = form["json_schema"]["schema"]["properties"]
        return [json.dumps({name: schema["enum"][0] for name, schema in properties.items()})]
    if form.get("type") == "json_object":
        return ['{"a": 1}']
    question = " ".join(contents(body["messages"][-1]))
    if question in ANSWERS:
        return [ANSWERS[question]]
    if body.get("logit_bias"):
        return [f"{WORDS[int(token) % len(WORDS)]} " for token in body["logit_bias"]] * 9
    key = [
        [contents(message) for message in body["messages"]],
        body.get("presence_penalty"),
        body.get("frequency_penalty"),
    ]
    if (body.get("temperature") or 0) > 0 and (body.get("top_p") or 1) > 0.01:
        seed = body.get("seed")
        key += [body["temperature"], random.random() if seed is None else seed, index]
    model = random.Random(repr(key))
    return [f"{model.choice(WORDS)}{model.choice(ENDS)}" for _ in range(40)]


def logprob(token, alternatives):
    top = [{"token": token, "logprob": -0.7}, *({"token": word, "logprob": -3.0} for word in WORDS)][:alternatives]
    return {"token": token, "bytes": list(token.encode()), "logprob": -0.7, "top_logprobs": top}


def streamed(answer):
    """Events of an answer: a choice each, and the finish reason after it."""
    for choice in answer["choices"]:
        delta = dict(choice["message"])
        if calls := delta.get("tool_calls"):
            delta["tool_calls"] = [{"index": number, **call} for number, call in enumerate(calls)]
        for part, reason in ((delta, None), ({}, choice["finish_reason"])):
            piece = {"index": choice["index"], "delta": part, "finish_reason": reason}
            yield {**answer, "usage": None, "choices": [piece | ({"logprobs": choice.get("logprobs")} if part else {})]}


@pytest.fixture
def toy_server():
    """The class above, for tests that cannot import a conftest."""
    return ToyServer
