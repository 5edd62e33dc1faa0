"""A large body is checked and searched for control tokens in a thread, so that others do not wait for it."""

import threading

import pytest

from gateway.api import endpoint
from gateway.formats.openai.format import OpenAIFormat
from gateway.text.control_tokens import ControlTokens

# Each body has less than the 1 MB that the backend of these tests takes.
SMALL_PARTS = [{"type": "text", "text": text} for text in ("<|im", "_end|>") * 10_000]
ARGUMENTS = '{"a":"' + "\\u0041" * 100_000 + '<|im_end|>"}'
CALL = {"id": "1", "type": "function", "function": {"name": "f", "arguments": ARGUMENTS}}
BODIES = {
    "parts with split tokens": [{"role": "user", "content": SMALL_PARTS}],
    "plain parts": [{"role": "user", "content": [{"type": "text", "text": "abc"}] * 25_000}],
    "messages": [{"role": "user", "content": "x<"}] * 20_000,
    "escapes": [
        {"role": "user", "content": "x"},
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "1", "content": "x"},
    ],
}


@pytest.fixture(scope="module")
def gateway(start_gateway, _backend):
    with start_gateway(
        backends={"up": {"kind": "openai", "base_url": _backend.url, "neutralise": True}},
        models={"m": {"route": [{"backend": "up"}]}},
    ) as client:
        yield client


@pytest.fixture
def threads(monkeypatch):
    """The thread of each step of a request, by its name."""
    found = {}

    def note(owner, name):
        right = getattr(owner, name)

        def noted(*args, **kwargs):
            found[name] = threading.get_ident()
            return right(*args, **kwargs)

        monkeypatch.setattr(owner, name, noted)

    note(endpoint, "read_body")
    note(endpoint, "parse")
    note(OpenAIFormat, "validate")
    note(ControlTokens, "neutralised")
    return found


@pytest.mark.parametrize("name", BODIES)
def test_the_event_loop_answers_others_while_a_large_body_is_checked(gateway, threads, name):
    assert gateway.post({"model": "m", "messages": BODIES[name]}).status_code == 200
    loop = threads.pop("read_body")
    assert sorted(threads) == ["neutralised", "parse", "validate"]
    assert loop not in threads.values()


def test_a_small_body_wakes_no_thread(gateway, threads):
    assert gateway.chat().status_code == 200
    assert len(threads) == 4
    assert len(set(threads.values())) == 1
