"""The key file: hashes and limits, written by the command line, read by the gateway."""

import tomllib
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest
from pydantic import SecretStr
from redis import Redis
from typer.testing import CliRunner

from gateway.cli.main import app
from gateway.config.keys import KeysConfig
from gateway.config.problems import ConfigError
from gateway.errors.base import InvalidApiKey
from gateway.limits import key_file, keyring
from gateway.limits.keyring import KeyRing
from keywords.engine.processes.redis import RedisServer, command


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, ["keys", *arguments])


def test_a_key_is_printed_once_and_stored_as_its_hash(run, tmp_path):
    result = run("add", "alice", "--rpm", "60", "--budget-usd", "2.5")
    key = result.stdout.strip()
    assert len(key) > 40
    file = tmp_path / "keys.toml"
    assert key not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    entry = tomllib.loads(file.read_text())["keys"]["alice"]
    assert entry["sha256"] == sha256(key.encode()).hexdigest()
    assert (entry["rpm"], entry["budget_usd"], "tpm" in entry) == (60, 2.5, False)
    assert key not in run("list").output


def test_keys_are_listed_with_limits_and_state(run):
    run("add", "alice", "--concurrency", "3")
    run("add", "bob", "--budget-tokens", "1000")
    assert "is revoked" in run("revoke", "bob").output
    alice, bob = run("list").output.splitlines()[1:]
    assert alice.split()[:2] == ["alice", "active"]
    assert alice.split()[-1] == "3"
    assert "revoked" in bob
    assert "1000 tokens" in bob


def test_a_budget_without_prices_is_refused_before_the_key_is_made(run, tmp_path):
    backend = '[backends.up]\nkind = "openai"\nbase_url = "http://127.0.0.1:9/v1"\n'
    model = '[models.m]\nroute = [{ backend = "up" }]\n'
    (tmp_path / "gateway.toml").write_text(backend + model + '[keys]\nfile = "keys.toml"\n')
    result = run("add", "alice", "--budget-usd", "1")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "prices.\"m\": is missing, and key 'alice' has a budget in USD; add" in result.stderr
    assert not (tmp_path / "keys.toml").exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("add", "alice"), "there is a key 'alice' already"),
        (("add", "a b"), "'a b' is no name for a key"),
        (("add", "env-1"), "do not begin with 'env-'"),
        (("add", "new", "--file", "nowhere/keys.toml"), "choose a folder that exists"),
        (("revoke", "bob"), "known are: alice"),
        (("list", "--file", "absent.toml"), "make the first key"),
        (("add", "new", "--budget-usd", "0"), "budget_usd"),
        (("add", "new", "--budget-usd", "nan"), "budget_usd"),
    ],
)
def test_a_mistake_is_refused_with_its_remedy(run, arguments, expected):
    run("add", "alice")
    result = run(*arguments)
    assert result.exit_code == 1
    assert expected in result.stderr
    assert "pydantic" not in result.stderr


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[keys.a]\nrpm = 1", "sha256"),
        (f'[keys.a]\nsha256 = "{"0" * 64}"\ncreated = 2026-01-01\nrpn = 1', "did you mean 'rpm'"),
        (f'[keys."env-1"]\nsha256 = "{"0" * 64}"\ncreated = 2026-01-01', "rename it"),
        ("keys = [", "is not TOML"),
    ],
)
def test_a_bad_file_is_refused_with_its_place(tmp_path, text, expected):
    path = tmp_path / "keys.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=expected) as error:
        key_file.read(path)
    assert str(path) in str(error.value)


def test_what_was_added_is_read_again(tmp_path):
    path = tmp_path / "keys.toml"
    key_file.add(path, "a.b-c_D", {"tpm": 5})
    key_file.add(path, "b", {})
    key_file.revoke(path, "b")
    entries = key_file.read(path)
    assert (entries["a.b-c_D"].tpm, entries["a.b-c_D"].revoked) == (5, None)
    assert entries["b"].revoked is not None


def test_a_key_that_shares_only_the_prefix_of_a_digest_is_refused(monkeypatch):
    monkeypatch.setattr(keyring, "_PREFIX_BYTES", 0)
    ring = KeyRing([SecretStr("good")], KeysConfig())
    assert ring.check(b"good").id == "env-1"
    with pytest.raises(InvalidApiKey):
        ring.check(b"bad")


def test_keys_created_concurrently_are_all_stored(tmp_path):
    path = tmp_path / "keys.toml"
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda number: key_file.add(path, f"key-{number}", {}), range(16)))
    stored = {entry.sha256 for entry in key_file.read(path).values()}
    assert stored == {sha256(key.encode()).hexdigest() for key in keys}
    assert [path.name for path in tmp_path.iterdir()] == ["keys.toml"]


def test_spending_in_a_redis_is_listed_as_well(run, tmp_path):
    if command() is None:
        pytest.skip("No `redis-server` on the path: install it (Debian: apt install redis-server).")
    run("add", "alice", "--budget-tokens", "100")
    server = RedisServer()
    server.start()
    backend = (
        '[backends.b]\nkind = "openai"\nbase_url = "http://127.0.0.1:9"\n[models.m]\nroute = [{ backend = "b" }]\n'
    )
    (tmp_path / "gateway.toml").write_text(f'{backend}[shared]\nredis_url = "{server.url}"\n')
    try:
        with Redis.from_url(server.url) as client:
            client.hset("llm-gateway:{alice}:spent", mapping={"tokens": 42, "usd": 0.5})
        assert "42 tokens, 0.5000 USD" in run("list", "--file", "keys.toml").output
    finally:
        server.stop()
    assert "does not answer" in run("list", "--file", "keys.toml").stderr
