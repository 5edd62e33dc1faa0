"""Limits as a client sees them."""

import asyncio
import json
import threading
import time

import pytest

from gateway.api.context import CONTEXT
from gateway.api.middleware import RequestMiddleware
from gateway.backends.kinds import GatewayConfig
from gateway.config.keys import KeysConfig
from gateway.limits import key_file, spending
from gateway.limits.admission import Reservation
from gateway.limits.checks import RequestChecks
from gateway.limits.concurrency import ConcurrencyLimiter
from gateway.limits.headers import span
from gateway.limits.keyring import Key, KeyRing
from gateway.limits.store import MemoryStore, Ticket
from gateway.state import Shutdown

UP = {"models": {"m": {"route": [{"backend": "up"}]}}}
BACKENDS = {"up": {"kind": "openai", "base_url": "http://127.0.0.1:9/v1"}}


@pytest.fixture
def limited(start_gateway, backend):
    """`with limited(keys={…}, limits={…}) as client`."""
    return lambda **tables: start_gateway(backends={"up": {"kind": "openai", "base_url": backend.url}}, **UP, **tables)


def test_no_limits_no_headers(limited):
    with limited() as client:
        assert not [name for name in client.chat().headers if name.startswith("x-ratelimit")]


def test_a_limit_is_announced_enforced_and_over_after_the_announced_wait(limited, backend):
    with limited(keys={"rpm": 2, "window_s": 1}) as client:
        answers = [client.chat() for _ in range(3)]
        refused = answers[-1]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert [answer.headers["x-ratelimit-remaining-requests"] for answer in answers] == ["1", "0", "0"]
        assert refused.headers["x-ratelimit-limit-requests"] == "2"
        assert client.error(refused)["code"] == "rate_limit_exceeded"
        assert refused.headers["x-should-retry"] == "true"
        assert refused.headers["retry-after"] == "1"
        assert "x-ratelimit-limit-tokens" not in refused.headers
        assert len(backend.bodies) == 2
        time.sleep(int(refused.headers["retry-after-ms"]) / 1000)
        assert client.chat().status_code == 200


def test_tokens_are_reserved_and_an_error_gives_them_back(limited, backend):
    with limited(keys={"tpm": 1000}) as client:
        backend.answers(raw=b"{}", status=500)
        assert client.chat(max_tokens=900).status_code >= 500
        backend.answers({"choices": [{"message": {"content": "x"}, "finish_reason": "stop"}]})
        assert client.chat(max_tokens=900).status_code == 200
        too_large = client.chat(max_tokens=1001)
        assert too_large.status_code == 429
        assert too_large.headers["x-should-retry"] == "false"
        assert "retry-after" not in too_large.headers
        assert "Shorten the messages" in client.error(too_large)["message"]


def test_a_stream_is_limited_as_well(limited, backend):
    backend.streams(backend.chunk("x"), backend.chunk(finish="stop"))
    with limited(keys={"rpm": 1}) as client:
        assert client.events()[-1] == "[DONE]"
        assert client.chat(stream=True).status_code == 429


def test_a_bad_request_costs_nothing(limited):
    with limited(keys={"rpm": 1}) as client:
        assert client.chat(temperature=9).status_code == 400
        assert client.chat(model="nowhere").status_code == 404
        assert client.chat().status_code == 200


def test_messages_are_counted(limited):
    with limited(limits={"messages": 2}) as client:
        message = {"role": "user", "content": "hi"}
        assert client.chat(messages=[message] * 2).status_code == 200
        error = client.error(client.chat(messages=[message] * 3))
    assert (error["param"], error["code"]) == ("messages", "array_above_max_length")


def statuses_of_concurrent(client, count):
    """The statuses of `count` concurrent requests, sorted."""
    statuses = []
    threads = [threading.Thread(target=lambda: statuses.append(client.chat().status_code)) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(statuses)


def test_a_key_has_a_limited_number_of_concurrent_requests(limited, backend):
    backend.streams(json.dumps({"choices": []}).encode(), pause_s=0.3, kind="application/json")
    with limited(keys={"concurrency": 2}) as client:
        assert statuses_of_concurrent(client, 4).count(429) == 2
        assert client.chat().status_code != 429


def test_beyond_the_queue_is_503(limited, backend):
    backend.streams(json.dumps({"choices": []}).encode(), pause_s=0.3, kind="application/json")
    with limited(limits={"in_flight": 1, "queue": 1}) as client:
        assert statuses_of_concurrent(client, 4).count(503) == 2
        assert client.chat().status_code != 503


def test_keys_are_added_revoked_and_told_apart_while_the_gateway_runs(limited, tmp_path, monkeypatch):
    monkeypatch.setattr("gateway.limits.checks.POLL_S", 0.05)
    file = tmp_path / "keys.toml"
    alice = key_file.add(file, "alice", {"rpm": 1})

    def status(key):
        return client.http.get("/v1/models", headers={"authorization": f"Bearer {key}"}).status_code

    def becomes(expected, key):
        return any(status(key) == expected or time.sleep(0.05) for _ in range(60))

    with limited(keys={"file": str(file)}) as client:
        assert client.chat().status_code == 401
        client.http.headers["authorization"] = f"Bearer {alice}"
        assert [client.chat().status_code for _ in range(2)] == [200, 429]
        bob = key_file.add(file, "bob", {})
        assert becomes(200, bob)
        key_file.revoke(file, "alice")
        assert becomes(401, alice)
        good = file.read_text()
        # In one step: an empty file is a good one without keys.
        (tmp_path / "bad.toml").write_text("keys = [")
        (tmp_path / "bad.toml").replace(file)
        time.sleep(0.2)
        assert status(bob) == 200
        file.write_text(good)


def test_a_budget_outlives_the_gateway(limited, tmp_path):
    file = tmp_path / "keys.toml"
    key = key_file.add(file, "alice", {"budget_tokens": 100})
    headers = {"authorization": f"Bearer {key}"}
    with limited(keys={"file": str(file)}) as client:
        client.http.headers.update(headers)
        assert client.chat(max_tokens=60).status_code == 200
    with limited(keys={"file": str(file)}) as client:
        client.http.headers.update(headers)
        refused = client.chat(max_tokens=100)
        assert (refused.status_code, client.error(refused)["code"]) == (429, "insufficient_quota")
        assert client.error(refused)["type"] == "insufficient_quota"
        assert refused.headers["x-should-retry"] == "false"


def test_the_spending_of_a_revoked_key_is_kept(limited, tmp_path, monkeypatch):
    monkeypatch.setattr("gateway.limits.checks.POLL_S", 0.05)
    file = tmp_path / "keys.toml"
    keys = {name: key_file.add(file, name, {"budget_tokens": 1000}) for name in ("alice", "bob")}
    with limited(keys={"file": str(file)}) as client:
        client.http.headers["authorization"] = f"Bearer {keys['alice']}"
        assert client.chat().status_code == 200
        key_file.revoke(file, "alice")
        deadline = time.monotonic() + 5
        while client.chat().status_code != 401 and time.monotonic() < deadline:
            time.sleep(0.05)
        client.http.headers["authorization"] = f"Bearer {keys['bob']}"
        assert client.chat().status_code == 200
    assert spending.load(spending.path_beside(file)).keys() == {"alice", "bob"}


def test_a_reload_forgets_nothing_that_was_just_spent(tmp_path):
    file = tmp_path / "keys.toml"
    for name in ("alice", "bob"):
        key_file.add(file, name, {"budget_tokens": 1000})
    config = GatewayConfig(backends=BACKENDS, **UP, keys={"file": str(file)})

    async def spend(checks, name):
        await checks.admission.store.take(Ticket(Key(name, budget_tokens=1000), 7, 0.0))

    async def main():
        before = RequestChecks(config)
        await before.start()
        after = RequestChecks(config)
        await spend(before, "alice")
        await after.take_over(before)
        await spend(after, "bob")
        await after.stop()

    asyncio.run(main())
    assert spending.load(spending.path_beside(file)) == {"alice": (7, 0.0), "bob": (7, 0.0)}


def test_spending_that_cannot_be_written_leaves_no_temporary_file(tmp_path):
    (tmp_path / "spent.json").mkdir()
    for _ in range(2):
        with pytest.raises(OSError, match=r"spent\.json"):
            spending.save(tmp_path / "spent.json", {"alice": (1, 0.0)})
    assert [path.name for path in tmp_path.iterdir()] == ["spent.json"]


def test_a_budget_in_usd_holds_the_estimate_and_then_the_cost(limited, tmp_path):
    file = tmp_path / "keys.toml"
    key = key_file.add(file, "alice", {"budget_usd": 500.0})
    dollar_a_token = {"input_per_million": 1e6, "output_per_million": 1e6}
    with limited(keys={"file": str(file)}, prices={"m": dollar_a_token}) as client:
        client.http.headers["authorization"] = f"Bearer {key}"
        # Each reserves over 400 dollars and costs two.
        assert [client.chat(max_tokens=400).status_code for _ in range(3)] == [200] * 3
        assert client.error(client.chat(max_tokens=495))["code"] == "insufficient_quota"
    entry = json.loads((tmp_path / "keys.toml.spent.json").read_text())["alice"]
    assert entry == {"tokens": 6, "usd": 6.0}


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0ms"), (0.0001, "1ms"), (0.12, "120ms"), (1, "1s"), (1.5, "1.5s"), (360, "6m0s")]
)
def test_times_are_written_as_openai_writes_them(seconds, text):
    assert span(seconds) == text


def test_a_failing_observer_costs_no_slot():
    class Failing:
        is_tracing = False

        def begin(self, _):
            pass

        def end(self, *_):
            raise ZeroDivisionError

    limiter = ConcurrencyLimiter(1, 0, 1.0)

    async def app(scope, *_):
        scope[CONTEXT].reservation = Reservation([], None, MemoryStore(60.0), limiter)
        await scope[CONTEXT].reservation.wait_for_slot()

    async def ask():
        keys = KeyRing([], KeysConfig())
        middleware = RequestMiddleware(
            app, keys=keys, observers=Failing(), shutdown=Shutdown(1), metrics_need_key=False
        )
        with pytest.raises(ZeroDivisionError):
            await middleware({"type": "http", "method": "POST", "path": "/v1/x", "headers": []}, None, None)
        await limiter.acquire()

    asyncio.run(ask())
