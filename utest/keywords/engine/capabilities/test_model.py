"""Trials distinguish a model that takes a capability, one that drops or refuses it, and one that ignores it."""

import json

import pytest

from keywords.engine.capabilities.model import try_capability
from keywords.engine.http.exchange import Chunk, Exchange
from keywords.engine.openai.client import ChatClient


class Model(ChatClient):
    """Client with answers from the test."""

    def __init__(self, answer, **headers):
        super().__init__("http://127.0.0.1:9", api_key=None, model="m")
        self._answer = answer
        self._headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def send(self, method, path, *, body, headers):
        answer = self._answer(json.loads(body))
        status = 400 if "error" in answer else 200
        chunks = [Chunk(0.0, json.dumps(answer).encode())]
        return Exchange(
            method, path, dict(headers), body, 0.0, status=status, response_headers=self._headers, chunks=chunks
        )


def says(text):
    return {"choices": [{"message": {"content": text}}], "usage": {"prompt_tokens": 9, "completion_tokens": 6}}


def refuses(param):
    return lambda _: {"error": {"param": param}}


@pytest.mark.parametrize(
    ("model", "capability", "expected"),
    [
        (Model(lambda asked: says(f"Hello {asked.get('temperature')}")), "temperature", "taken"),
        (Model(lambda _: says("Hello")), "temperature", "lost"),
        (Model(lambda _: says("Hello"), x_gateway_dropped_params="tools, user"), "user", "dropped"),
        (Model(lambda _: says("Hello"), x_gateway_dropped_params="tools"), "user", "lost"),
        (Model(lambda _: says("Hello")), "tools", "lost"),
        (Model(refuses("messages")), "an image", "refused"),
        (Model(lambda asked: says(f"Hi {asked.get('seed')}")), "seed", "taken"),
    ],
)
def test_outcomes(model, capability, expected):
    assert try_capability(model, capability).outcome == expected


def test_a_refusal_of_another_field_is_an_error():
    with pytest.raises(ValueError, match="refused with 400 for 'n'"):
        try_capability(Model(refuses("n")), "an image")
