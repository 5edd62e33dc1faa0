"""While one large body is checked and searched for control tokens, other requests are answered."""

import threading
import time

import pytest

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


@pytest.mark.parametrize("name", BODIES)
def test_others_are_answered_meanwhile(gateway, name):
    ended, statuses = threading.Event(), []

    def send():
        statuses.append(gateway.post({"model": "m", "messages": BODIES[name]}).status_code)
        ended.set()

    sender = threading.Thread(target=send)
    began = time.perf_counter()
    sender.start()
    waits = []
    with gateway.http.__class__(base_url=gateway.http.base_url) as other:
        while not ended.is_set():
            asked = time.perf_counter()
            assert other.get("/health").status_code == 200
            waits.append(time.perf_counter() - asked)
    sender.join()
    assert statuses == [200]
    # Of the time that the large body takes, others wait for a small part.
    assert max(waits) < (time.perf_counter() - began) / 2
