"""Several requests of one client at the same time."""

import json
import threading

import httpx2
import pytest

from keywords.engine.openai.client import GatewayRefused


def test_ask_together_sends_all_before_any_is_answered(gateway, make):
    barrier = threading.Barrier(3)

    def answer_when_all_asked(request):
        barrier.wait(5)
        asked = json.loads(request.content)["messages"][0]["content"]
        return httpx2.Response(200, json=make.completion(f"{asked} {request.headers['x-request-id']}"))

    gateway.answer = answer_when_all_asked
    headers = [{"x-request-id": name} for name in "abc"]
    answers = gateway.client.ask_together(["1", "2", "3"], headers=headers)
    assert [one.text for one in answers] == ["1 a", "2 b", "3 c"]


def test_ask_together_raises_what_any_raised(gateway, make):
    gateway.answers(400, json=make.error)
    with pytest.raises(GatewayRefused):
        gateway.client.ask_together(["1", "2"])
    assert len(gateway.asked) == 2
