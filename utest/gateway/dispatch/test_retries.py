"""Repetitions, fallbacks, balancing and the breaker, on real sockets."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate

import pytest
from aiohttp import web

from utest.gateway.http_gateway import NEVER_OPENS

QUICK = {"attempts": 3, "base_s": 0.02, "cap_s": 1}


def in_turn(backend, *answers):
    """Play one answer after another; the last one again and again. A number is a status, a tuple has headers too."""
    good = backend.script

    async def script(request):
        answer = answers[min(len(backend.bodies), len(answers)) - 1]
        if answer == "cut":
            request.transport.abort()
            return web.Response()
        if answer == "good":
            return await good(request) if good else web.json_response({"choices": []})
        status, headers = answer if isinstance(answer, tuple) else (answer, {})
        return web.json_response({"error": {"message": "no"}}, status=status, headers=headers)

    backend.script = script


async def keep_silent(_):
    await asyncio.sleep(30)


@pytest.fixture
def before(start_gateway, backend):
    """`with before(…) as client` is a gateway whose model `m` is on two names of one backend, `a` and then `b`."""

    def start(*, route=("a",), **settings):
        steps = [step if isinstance(step, dict) else {"backend": step} for step in route]
        return start_gateway(
            backends={
                "a": {"kind": "openai", "base_url": f"{backend.url}/a"},
                "b": {"kind": "openai", "base_url": f"{backend.url}/b"},
                "dead": {"kind": "openai", "base_url": "http://127.0.0.1:9/v1"},
            },
            models={"m": {"route": steps}},
            **{"retries": QUICK, **settings},
        )

    return start


@pytest.fixture(scope="module")
def repeating_client(start_gateway, _backend):
    """A client of a gateway that attempts each backend three times: `m` is on one, `two` on two."""
    with start_gateway(
        breaker=NEVER_OPENS,
        retries=QUICK,
        backends={name: {"kind": "openai", "base_url": f"{_backend.url}/{name}"} for name in "ab"},
        models={"m": {"route": [{"backend": "a"}]}, "two": {"route": [{"backend": "a"}, {"backend": "b"}]}},
    ) as client:
        yield client


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("failure", [408, 409, 429, 500, 502, 503, 504, 529, "cut"])
def test_what_may_pass_is_repeated(repeating_client, backend, failure, stream):
    if stream:
        backend.streams(backend.chunk("a"), backend.chunk(None, "stop"))
    in_turn(backend, failure, failure, "good")
    response = repeating_client.chat(stream=stream)
    assert (response.status_code, response.headers["x-gateway-attempts"]) == (200, "3")
    assert len(set(backend.bodies)) == 1, "each attempt sends the same bytes"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("failure", "attempts"), [(400, 1), (404, 1), (413, 1), (422, 1), (451, 1), (401, 2), (402, 2)]
)
def test_what_will_not_pass_is_not_repeated(repeating_client, backend, failure, attempts, stream):
    in_turn(backend, failure)
    response = repeating_client.chat("two", stream=stream)
    assert response.headers["x-should-retry"] == "false"
    assert len(backend.bodies) == attempts, "a wrong key says nothing of the next backend, which is asked once"


def test_a_dead_backend_is_repeated_too(before):
    with before(route=("dead",)) as client:
        response = client.chat()
    assert (response.status_code, response.headers["x-gateway-attempts"]) == (502, "3")


def test_the_clients_are_not_told_to_repeat_what_the_gateway_has_repeated(before, backend):
    in_turn(backend, 500)
    with before() as client:
        assert client.chat().headers["x-should-retry"] == "false"
    with before(retries={"attempts": 1}) as client:
        assert client.chat().headers["x-should-retry"] == "true"


def test_the_clients_may_repeat_after_the_time_that_the_backend_named(before, backend):
    in_turn(backend, (429, {"retry-after": "60"}))
    with before(timeouts={"total_s": 5}) as client:
        response = client.chat()
    assert (response.status_code, response.headers["retry-after"]) == (429, "60")
    assert response.headers["x-should-retry"] == "true"
    assert len(backend.bodies) == 1, "a wait beyond the deadline is not begun"
    assert response.elapsed.total_seconds() < 2


@pytest.mark.parametrize("form", ["retry-after", "retry-after-ms", "x-ms-retry-after-ms", "date"])
def test_retry_after_is_obeyed(before, backend, form):
    headers = {
        "retry-after": ("retry-after", "1"),
        "retry-after-ms": ("retry-after-ms", "700"),
        "x-ms-retry-after-ms": ("x-ms-retry-after-ms", "700"),
        # It has whole seconds only, so at least one of these two remains.
        "date": ("retry-after", formatdate(time.time() + 2, usegmt=True)),
    }
    in_turn(backend, (429, dict([headers[form]])), "good")
    with before(retries={**QUICK, "cap_s": 5}) as client:
        response = client.chat()
    assert (response.status_code, len(backend.bodies)) == (200, 2)
    assert 0.69 < response.elapsed.total_seconds() < 2.5


@pytest.mark.quiet_machine
def test_retry_after_counts_for_its_own_attempt_only(repeating_client, backend):
    in_turn(backend, (429, {"retry-after-ms": "600"}), 500, "good")
    response = repeating_client.chat()
    assert response.status_code == 200
    assert 0.59 < response.elapsed.total_seconds() < 1.1


@pytest.mark.quiet_machine
def test_one_deadline_holds_over_all_attempts(before, backend):
    backend.is_silent()
    with before(route=("a", "b"), timeouts={"attempt_s": 0.4, "total_s": 1}) as client:
        response = client.chat()
    assert (response.status_code, client.error(response)["code"]) == (504, "backend_timeout")
    assert 0.9 < response.elapsed.total_seconds() < 1.4
    assert int(response.headers["x-gateway-attempts"]) == len(backend.bodies) == 3


@pytest.mark.parametrize("stream", [False, True])
def test_a_silent_backend_is_left_for_the_next(before, backend, stream):
    if stream:
        backend.streams(backend.chunk("a"), backend.chunk(None, "stop"))
    good = backend.script

    async def script(request):
        if request.path.startswith("/a/"):
            return await keep_silent(request)
        return await good(request) if good else web.json_response({"choices": []})

    backend.script = script
    limits = {"first_byte_s": 0.3, "attempt_s": 0.3}
    with before(route=("a", "b"), timeouts=limits, retries={"attempts": 1}) as client:
        response = client.chat(stream=stream)
    assert (response.status_code, response.headers["x-gateway-backend"]) == (200, "b")


def test_nothing_is_repeated_after_the_first_event(repeating_client, backend):
    backend.streams(backend.chunk("a"), cut=True)
    *_, failure, _ = repeating_client.events("two")
    assert failure["error"]["code"] == "backend_disconnected"
    assert len(backend.bodies) == 1


def test_replicas_share_the_load_by_weight(before):
    with before(route=({"backend": "a", "weight": 3}, {"backend": "b", "weight": 1})) as client:
        answered = [client.chat().headers["x-gateway-backend"] for _ in range(20)]
    assert (answered.count("a"), answered.count("b")) == (15, 5)


def test_the_replica_with_the_least_in_flight_is_chosen(before, backend):
    async def script(request):
        if request.path.startswith("/a/"):
            return await keep_silent(request)
        return web.json_response({"choices": []})

    backend.script = script
    route = ({"backend": "a", "weight": 1}, {"backend": "b", "weight": 1})
    with (
        before(route=route, timeouts={"attempt_s": 2}, retries={"attempts": 1}) as client,
        ThreadPoolExecutor() as pool,
    ):
        stuck = pool.submit(client.chat)
        assert backend.called.wait(5)
        answered = [client.chat().headers["x-gateway-backend"] for _ in range(6)]
        assert stuck.result().headers["x-gateway-attempts"] == "2", "the other replica took over"
    assert answered == ["b"] * 6


def test_a_replica_that_fails_is_replaced_without_a_wait(before):
    route = ({"backend": "dead", "weight": 1}, {"backend": "b", "weight": 1})
    with before(route=route, retries={"attempts": 1}) as client:
        assert [client.chat().status_code for _ in range(4)] == [200] * 4


BREAKER = {"consecutive_failures": 2, "open_s": 0.5}


def test_an_open_backend_is_not_asked(before, backend):
    in_turn(backend, 500)
    with before(breaker=BREAKER, retries={"attempts": 1}) as client:
        assert [client.chat().status_code for _ in range(2)] == [502, 502]
        refused = client.chat()
    assert len(backend.bodies) == 2
    assert (refused.status_code, client.error(refused)["code"]) == (503, "backend_unavailable")
    assert (refused.headers["retry-after"], refused.headers["x-should-retry"]) == ("1", "true")
    assert "x-gateway-attempts" not in refused.headers


def test_a_backend_that_recovers_is_asked_again(before, backend):
    in_turn(backend, 500, 500, "good")
    with before(breaker=BREAKER, retries={"attempts": 1}) as client:
        statuses = [client.chat().status_code for _ in range(3)]
        time.sleep(0.55)
        statuses += [client.chat().status_code for _ in range(2)]
    assert statuses == [502, 502, 503, 200, 200]


def test_one_request_probes_an_open_backend(before, backend):
    in_turn(backend, 500, 500)
    with before(breaker=BREAKER, retries={"attempts": 1}) as client, ThreadPoolExecutor() as pool:
        for _ in range(2):
            client.chat()
        backend.called.clear()
        backend.is_silent()
        time.sleep(0.55)
        pool.submit(client.chat)
        assert backend.called.wait(5)
        assert [client.chat().status_code for _ in range(5)] == [503] * 5
        client.stop()
    assert len(backend.bodies) == 3


def test_the_next_backend_answers_while_the_first_is_open(before):
    with before(route=("dead", "b"), breaker=BREAKER, retries={"attempts": 1}) as client:
        attempts = [client.chat().headers["x-gateway-attempts"] for _ in range(4)]
    assert attempts == ["2", "2", "1", "1"]


def test_refusals_of_requests_open_nothing(before, backend):
    in_turn(backend, 400, 429)
    with before(breaker={"consecutive_failures": 1}, retries={"attempts": 1}) as client:
        assert [client.chat().status_code for _ in range(4)] == [400, 429, 429, 429]


def test_our_own_refusals_say_whether_to_retry(client):
    assert client.chat("nobody").headers["x-should-retry"] == "false"
    assert client.post(b"{").headers["x-should-retry"] == "false"


def test_a_model_whose_backends_are_all_shut_off_is_not_ready(before, backend):
    in_turn(backend, 500)
    with before(breaker={"consecutive_failures": 1, "open_s": 60}, retries={"attempts": 1}) as client:
        assert client.http.get("/health/ready").status_code == 200
        client.chat()
        ready = client.http.get("/health/ready")
    assert ready.status_code == 503
    assert ready.json()["models"]["m"] == {"ready": False, "backends": {"a": False}}
    assert "Backend 'a' has failed repeatedly" in client.error(ready)["message"]


def test_without_a_setting_a_dead_backend_is_left_for_last_after_five_failures(before):
    with before(route=("dead", "b"), retries={"attempts": 1}) as client:
        attempts = [client.chat().headers["x-gateway-attempts"] for _ in range(8)]
        ready = client.http.get("/health/ready")
    assert attempts == ["2"] * 5 + ["1"] * 3
    assert (ready.status_code, ready.json()["breakers"]) == (200, {"dead": "open"})


def test_without_a_setting_the_only_backend_is_asked_each_time(before, backend):
    in_turn(backend, 500)
    with before(retries={"attempts": 1}) as client:
        assert {client.chat().status_code for _ in range(8)} == {502}
        ready = client.http.get("/health/ready")
    assert len(backend.bodies) == 8
    assert (ready.status_code, ready.json()["breakers"]) == (200, {})


def test_without_a_setting_no_request_is_refused_though_all_have_failed(before, backend):
    in_turn(backend, *[500] * 10, "good")
    with before(route=("a", "b"), retries={"attempts": 1}) as client:
        statuses = [client.chat().status_code for _ in range(7)]
        last = client.chat()
    assert statuses == [502] * 5 + [200] * 2
    assert last.headers["x-gateway-backend"] == "a", "its answer has closed its breaker"
