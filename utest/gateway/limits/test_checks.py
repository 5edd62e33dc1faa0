"""Keys and limits that could not be enforced are refused."""

import asyncio
import threading
from pathlib import Path

import pytest

from gateway.backends.kinds import GatewayConfig
from gateway.config.problems import ConfigError
from gateway.limits import key_file
from gateway.limits.checks import RequestChecks

UP = {"models": {"m": {"route": [{"backend": "up"}]}}}


BACKENDS = {"up": {"kind": "openai", "base_url": "http://127.0.0.1:9/v1"}}


REFUSED = [
    ({"keys": {"rpm": 1}}, 2, "server.workers: each of 2 workers would count by itself"),
    ({"backends": {"up": {"kind": "llamacpp"}}}, 2, "would load the model of backend 'up' once more"),
    ({"keys": {"file": "absent.toml"}}, 1, "make the first key with `gateway keys add NAME`"),
]


@pytest.mark.parametrize(("tables", "workers", "expected"), REFUSED)
def test_limits_that_could_not_be_enforced_are_refused(tables, workers, expected):
    with pytest.raises(ConfigError, match=expected):
        RequestChecks(GatewayConfig(**{"backends": BACKENDS, **UP, **tables}), workers=workers)


def test_a_budget_in_usd_needs_prices(tmp_path):
    file = Path(tmp_path / "keys.toml")
    key_file.add(file, "alice", {"budget_usd": 1.0})
    with pytest.raises(ConfigError, match="is missing, and key 'alice' has a budget in USD"):
        RequestChecks(GatewayConfig(backends=BACKENDS, **UP, keys={"file": file}))


def test_a_limit_that_could_not_be_enforced_is_not_applied_while_workers_run(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("gateway.limits.checks.POLL_S", 0.01)
    file = tmp_path / "keys.toml"
    key_file.add(file, "alice", {})

    async def main():
        checks = RequestChecks(GatewayConfig(backends=BACKENDS, **UP, keys={"file": file}), workers=2)
        await checks.start()
        key_file.add(file, "bob", {"rpm": 1})
        await asyncio.sleep(0.1)
        await checks.stop()
        return [key.id for key in checks.keys.keys]

    assert asyncio.run(main()) == ["alice"]
    assert "keys_not_reloaded" in caplog.text


def test_a_revoked_key_is_refused_even_if_another_one_cannot_be_applied(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("gateway.limits.checks.POLL_S", 0.01)
    file = tmp_path / "keys.toml"
    for name in ("alice", "bob"):
        key_file.add(file, name, {})

    async def main():
        keys = {"api_keys": ["of-the-environment"], "keys": {"file": file}}
        checks = RequestChecks(GatewayConfig(backends=BACKENDS, **UP, **keys))
        await checks.start()
        key_file.add(file, "carol", {"budget_usd": 1.0})
        key_file.revoke(file, "alice")
        await asyncio.sleep(0.1)
        await checks.stop()
        return [key.id for key in checks.keys.keys]

    assert asyncio.run(main()) == ["env-1", "bob"]
    assert "keys_not_reloaded" in caplog.text


class SlowSaves:
    """Stands for `spending.save` on a file system that answers late.

    Attributes:
        began: set when a save has begun.
        go_on: lets the saves end.
        saved: what they saved, in the order in which they ended.
    """

    def __init__(self):
        self.began, self.go_on, self.saved = threading.Event(), threading.Event(), []

    def __call__(self, _, spent):
        self.began.set()
        assert self.go_on.wait(10)
        self.saved.append(spent)


@pytest.fixture
def slow_saves(monkeypatch):
    monkeypatch.setattr("gateway.limits.checks.POLL_S", 0.01)
    saves = SlowSaves()
    monkeypatch.setattr("gateway.limits.spending.save", saves)
    yield saves
    saves.go_on.set()


def checks_of(file):
    return RequestChecks(GatewayConfig(backends=BACKENDS, **UP, keys={"file": file}))


def spend(checks, tokens):
    store = checks.admission.store
    store.spent["alice"] = (tokens, 0.0)
    store.changed.add("alice")


async def until(event):
    assert await asyncio.to_thread(event.wait, 10)


def test_a_stop_waits_for_the_save_under_way(tmp_path, slow_saves):
    file = tmp_path / "keys.toml"
    key_file.add(file, "alice", {})

    async def main():
        checks = checks_of(file)
        await checks.start()
        spend(checks, 5)
        await until(slow_saves.began)
        asyncio.get_running_loop().call_later(0.1, slow_saves.go_on.set)
        await checks.stop()
        return list(slow_saves.saved)

    saved = asyncio.run(main())
    assert saved
    assert saved[-1] == {"alice": (5, 0.0)}


def test_a_save_that_hangs_is_not_overtaken_after_a_reload(tmp_path, slow_saves, monkeypatch):
    monkeypatch.setattr("gateway.limits.checks.READ_S", 0.1)
    file = tmp_path / "keys.toml"
    key_file.add(file, "alice", {})

    async def main():
        before, after = checks_of(file), checks_of(file)
        await before.start()
        spend(before, 5)
        await until(slow_saves.began)
        await after.take_over(before)
        slow_saves.began.clear()
        spend(after, 7)
        await asyncio.sleep(0.2)
        overtaken = slow_saves.began.is_set()
        slow_saves.go_on.set()
        await after.stop()
        return overtaken

    assert not asyncio.run(main())
    assert slow_saves.saved[-1] == {"alice": (7, 0.0)}
