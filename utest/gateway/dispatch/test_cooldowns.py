"""A backend that asks for a wait is spared by the requests that have another backend, on real sockets."""

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate

import pytest
from aiohttp import web

GOOD = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}]}
BUSY = 429, {"retry-after": "30"}


@pytest.fixture
def asked(backend):
    """The names of the backends that were asked, in order."""
    return lambda: [path.split("/")[1] for path in backend.paths]


@pytest.fixture
def answering(backend):
    """`answering(a=(status, headers), …)` lets that backend refuse, and the others answer."""

    def script_answers(**refusals):
        async def script(request):
            name = request.path.split("/")[1]
            if name in refusals:
                status, headers = refusals[name]
                return web.json_response({"error": {"message": "no"}}, status=status, headers=headers)
            if json.loads(backend.bodies[-1]).get("stream"):
                response = web.StreamResponse(headers={"content-type": "text/event-stream"})
                await response.prepare(request)
                await response.write(backend.chunk("a") + backend.chunk(None, "stop") + b"data: [DONE]\n\n")
                return response
            return web.json_response(GOOD)

        backend.script = script

    return script_answers


@pytest.fixture
def before(start_gateway, backend):
    """A gateway whose models are on two of the backends `a`, `b` and `c`, or `alone` on `a`.

    The backends know `other` by another name than the rest.
    """

    def start(**settings):
        def steps(names, model):
            return {"route": [{"backend": name, "model": model} for name in names]}

        models = {
            "m": steps("ab", "inner"),
            "alone": steps("a", "inner"),
            "same": steps("ac", "inner"),
            "other": steps("ab", "outer"),
            "equal": {"route": [{"backend": name, "model": "equal", "weight": 1} for name in "ab"]},
        }
        backends = {name: {"kind": "openai", "base_url": f"{backend.url}/{name}"} for name in "abc"}
        return start_gateway(backends=backends, models=models, **settings)

    return start


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [429, 503, 529])
def test_a_backend_that_asked_for_a_wait_is_not_asked_by_the_next_request(before, answering, asked, status, stream):
    answering(a=(status, {"retry-after": "30"}))
    with before() as client:
        answers = [client.chat(stream=stream) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert asked() == ["a", "b", "b", "b"]
    assert [answer.headers["x-gateway-attempts"] for answer in answers] == ["2", "1", "1"]


def test_a_replica_that_asked_for_a_wait_gets_no_share(before, answering, asked):
    answering(a=BUSY)
    with before() as client:
        assert {client.chat("equal").status_code for _ in range(6)} == {200}
    assert asked().count("a") == 1


WAITS = {
    "milliseconds": ({"retry-after-ms": "30000"}, True),
    "Azure's milliseconds": ({"x-ms-retry-after-ms": "30000"}, True),
    "both, of which the milliseconds count": ({"retry-after-ms": "0", "retry-after": "30"}, False),
    "a thousand million seconds": ({"retry-after": "1000000000"}, True),
    "none": ({}, False),
    "zero": ({"retry-after": "0"}, False),
    "less than nothing": ({"retry-after": "-1"}, False),
    "an exponent": ({"retry-after": "1e9"}, False),
    "a word": ({"retry-after": "soon"}, False),
    "a date to come": ({"retry-after": formatdate(time.time() + 3600, usegmt=True)}, True),
    "a date long over": ({"retry-after": "Tue, 14 Nov 2023 22:13:30 GMT"}, False),
    "a date far off": ({"retry-after": "Tue, 14 Nov 9000 22:13:30 GMT"}, True),
    # When a limit is whole again, not when a request would pass.
    "a reset": ({"x-ratelimit-reset-requests": "30s", "x-ratelimit-remaining-requests": "0"}, False),
}


@pytest.mark.parametrize(("headers", "spares"), WAITS.values(), ids=WAITS)
def test_only_a_wait_that_was_asked_for_spares(before, answering, asked, headers, spares):
    answering(a=(429, headers))
    with before() as client:
        client.chat()
        client.chat()
    assert asked() == (["a", "b", "b"] if spares else ["a", "b", "a", "b"])


def test_another_model_of_the_backend_is_not_spared(before, answering, asked):
    answering(a=BUSY)
    with before() as client:
        client.chat("m")
        client.chat("other")
    assert asked() == ["a", "b", "a", "b"]


def test_another_route_to_the_same_model_of_the_backend_knows_of_it(before, answering, asked):
    answering(a=BUSY)
    with before() as client:
        client.chat("m")
        client.chat("same")
    assert asked() == ["a", "b", "c"]


@pytest.mark.parametrize("status", [400, 401, 408, 409, 500])
def test_the_retry_after_of_another_failure_spares_nothing(before, answering, asked, status):
    answering(a=(status, {"retry-after": "30"}))
    with before() as client:
        client.chat()
        client.chat()
    assert asked().count("a") == 2


def test_the_only_backend_is_asked_each_time_and_its_words_reach_the_client(before, answering, asked):
    answering(a=BUSY)
    with before() as client:
        refused = [client.chat("alone") for _ in range(3)]
    assert [(one.status_code, one.headers["retry-after"]) for one in refused] == [(429, "30")] * 3
    assert asked() == ["a"] * 3


def test_if_all_are_spared_one_is_asked_and_the_client_hears_when_the_first_is_free(before, answering, asked):
    answering(a=(429, {"retry-after": "30"}), b=(503, {"retry-after": "20"}))
    with before() as client:
        first = client.chat()
        answering(a=(429, {"retry-after": "30"}), b=(503, {"retry-after": "40", "retry-after-ms": "40000"}))
        second = client.chat()
    assert asked() == ["a", "b", "b"]
    assert (first.status_code, first.headers["retry-after"]) == (503, "20")
    assert (second.status_code, second.headers["retry-after"]) == (503, "30"), "of a, which is free before b"
    assert "retry-after-ms" not in second.headers
    assert second.headers["x-should-retry"] == "true"


def test_no_retry_after_locks_clients_out(before, answering, asked):
    year = {"retry-after": str(365 * 86_400)}
    answering(a=(429, year), b=(429, year))
    with before() as client:
        refused = client.chat()
        answering()
        answered = client.chat()
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    assert answered.status_code == 200
    assert len(asked()) == 3


@pytest.mark.parametrize("stream", [False, True])
def test_a_spared_backend_is_asked_when_the_others_fail(before, answering, asked, stream):
    answering(a=BUSY)
    with before() as client:
        client.chat()
        answering(b=(500, {}))
        answered = client.chat(stream=stream)
        again = client.chat()
    assert (answered.status_code, answered.headers["x-gateway-backend"]) == (200, "a")
    assert asked() == ["a", "b", "b", "a", "a"], "its answer ends the cooldown"
    assert again.headers["x-gateway-attempts"] == "1"


def test_it_is_asked_again_when_the_time_is_over(before, answering, asked):
    answering(a=(429, {"retry-after-ms": "150"}))
    with before() as client:
        client.chat()
        answering()
        client.chat()
        time.sleep(0.2)
        client.chat()
    assert asked() == ["a", "b", "b", "a"]


def test_a_stream_that_fails_after_its_first_word_spares_nothing(before, asked, backend):
    backend.streams(backend.chunk("a"), b'data: {"error": {"code": 429, "message": "slow", "retry_after": 30}}\n\n')
    with before() as client:
        client.chat(stream=True)
        client.chat(stream=True)
    assert asked() == ["a", "a"]


def test_metrics_and_readiness_show_it(before, answering):
    answering(a=BUSY)
    series = 'gateway_cooldown_seconds{gateway_backend="a",gateway_backend_model="inner"}'
    with before() as client:
        assert "gateway_cooldown_seconds{" not in client.http.get("/metrics").text
        assert client.http.get("/health/ready").json()["cooldowns"] == {}
        client.chat()
        (line,) = [line for line in client.http.get("/metrics").text.splitlines() if line.startswith(series)]
        ready = client.http.get("/health/ready")
    assert 29 < float(line.split()[1]) <= 30
    assert (ready.status_code, list(ready.json()["cooldowns"])) == (200, ["a"])
    assert 29 < ready.json()["cooldowns"]["a"]["inner"] <= 30


def test_a_limit_of_counts_spares_no_messages(start_gateway, backend, answering, asked):
    """Anthropic limits both apart."""
    answering(a=BUSY, b=BUSY)
    question = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
    with start_gateway(
        backends={name: {"kind": "anthropic", "base_url": f"{backend.url}/{name}"} for name in "ab"},
        models={"m": {"route": [{"backend": "a"}, {"backend": "b"}]}},
    ) as client:
        client.post(question, path="/v1/messages/count_tokens")
        client.post({**question, "max_tokens": 5}, path="/v1/messages")
    assert asked() == ["a", "b", "a", "b"]


def test_of_many_requests_at_once_one_finds_out_whether_the_wait_is_over(before, backend):
    asked = []

    async def script(request):
        name = request.path.split("/")[1]
        asked.append(name)
        if name == "a":
            await asyncio.sleep(0.2)
            return web.json_response({"error": {"message": "no"}}, status=429, headers={"retry-after-ms": "100"})
        return web.json_response(GOOD)

    backend.script = script
    with before() as client, ThreadPoolExecutor(8) as pool:
        client.chat()
        time.sleep(0.15)
        asked.clear()
        test = pool.submit(client.chat)
        assert backend.called.wait(5)
        while not asked:
            time.sleep(0.01)
        others = list(pool.map(lambda _: client.chat(), range(6)))
        assert {one.status_code for one in (*others, test.result())} == {200}
    assert asked.count("a") == 1
