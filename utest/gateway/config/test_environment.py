"""Variables that override the file, and problems of those that only look like it."""

import pytest
from typer.testing import CliRunner

from gateway.backends.kinds import load
from gateway.cli.main import app
from gateway.config.load import remarks
from gateway.config.problems import ConfigError

GOOD = """
[backends.up]
kind = "openai"
base_url = "http://127.0.0.1:1/v1/"
[models.m]
route = [{ backend = "up" }]
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.delenv("GATEWAY_API_KEYS", raising=False)

    def write(text):
        path = tmp_path / "gateway.toml"
        path.write_text(text)
        return path

    return write


def problems(path):
    with pytest.raises(ConfigError) as error:
        load(path)
    return [str(problem) for problem in error.value.problems]


def test_a_problem_of_the_environment_names_the_variable(write, monkeypatch):
    monkeypatch.setenv("GATEWAY_SERVER__PROT", "1")
    assert problems(write(GOOD)) == ["environment variable GATEWAY_SERVER__PROT: is no setting; did you mean 'port'?"]


def test_a_variable_for_an_unknown_table_is_an_error(write, monkeypatch):
    monkeypatch.setenv("GATEWAY_SERVR__PORT", "1")
    monkeypatch.setenv("GATEWAY_URL", "http://127.0.0.1:1")
    assert problems(write(GOOD)) == [
        "environment variable GATEWAY_SERVR__PORT: names no table 'servr'; did you mean 'server'?"
    ]


TYPOS = {
    "API_KYS": "GATEWAY_API_KEYS",
    "APIKEYS": "GATEWAY_API_KEYS",
    "MODLE": "GATEWAY_MODEL",
    "SERVER_PORT": "GATEWAY_SERVER__PORT",
    "LIMITS_BODY_BYTES": "GATEWAY_LIMITS__BODY_BYTES",
}


@pytest.mark.parametrize(("name", "nearest"), TYPOS.items(), ids=TYPOS)
def test_a_typo_in_a_variable_is_an_error(write, monkeypatch, name, nearest):
    monkeypatch.setenv(f"GATEWAY_{name}", "1")
    assert problems(write(GOOD)) == [
        f"environment variable GATEWAY_{name}: means nothing to the gateway; did you mean {nearest}? If not, unset it"
    ]


def test_other_variables_with_the_prefix_of_the_gateway_are_reported(write, monkeypatch):
    monkeypatch.setenv("GATEWAY_PORT", "9000")
    monkeypatch.setenv("GATEWAY_INTERFACE", "CGI/1.1")
    fix = "did you mean GATEWAY_SERVER__PORT? If not, unset it"
    assert [str(problem) for problem in remarks(load(write(GOOD)))] == [
        "environment variable GATEWAY_INTERFACE: means nothing to the gateway; see `gateway serve --help`",
        f"environment variable GATEWAY_PORT: means nothing to the gateway; {fix}",
    ]
    result = CliRunner().invoke(app, ["config", "check", str(write(GOOD))])
    assert "GATEWAY_PORT: means nothing" in result.output


def test_variables_with_a_meaning_are_not_reported(write, monkeypatch):
    variables = {
        "MODEL": "/m.gguf",
        "INSTANCE": "i",
        "URL": "http://127.0.0.1:1",
        "API_KEY": "k",
        "UP_KEY": "k",
        "SERVER": '{"port": 1}',
        "SERVICE_HOST": "10.0.0.1",
        "SERVICE_PORT_HTTP": "80",
        "PORT": "tcp://10.0.0.1:80",
        "SERVER_PORT": "tcp://10.0.0.1:80",
        "PORT_80_TCP_ADDR": "10.0.0.1",
    }
    for name, value in variables.items():
        monkeypatch.setenv(f"GATEWAY_{name}", value)
    config = load(write(GOOD.replace("[models", 'api_key_env = "GATEWAY_UP_KEY"\n[models')))
    assert remarks(config) == []
    assert config.server.port == 1


def test_a_variable_is_text_whatever_its_setting_is(write, monkeypatch):
    monkeypatch.setenv("GATEWAY_SERVER__WORKERS", "2")
    monkeypatch.setenv("GATEWAY_SERVER__WATCH", "false")
    monkeypatch.setenv("GATEWAY_SERVER__DRAIN_S", "1.5")
    monkeypatch.setenv("GATEWAY_BACKENDS__UP__STRICT", "true")
    config = load(write(GOOD))
    assert (config.server.workers, config.server.watch, config.server.drain_s) == (2, False, 1.5)
    assert config.backends["up"].strict is True
