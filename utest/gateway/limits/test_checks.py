"""Keys and limits that could not be enforced are refused."""

import asyncio
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
