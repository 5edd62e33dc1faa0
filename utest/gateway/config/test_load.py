"""A good configuration, and every problem of a bad one: place, cause and remedy."""

import pytest
from typer.testing import CliRunner

from gateway.backends.kinds import load
from gateway.cli.main import app
from gateway.config.load import remarks
from gateway.config.problems import ConfigError

GOOD = """
[server]
port = 9000
[backends.up]
kind = "openai"
base_url = "http://127.0.0.1:1/v1/"
[models."org/m"]
route = [{ backend = "up", model = "inner" }, { backend = "up" }]
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    for name in ("GATEWAY_API_KEYS", "NOT_SET"):
        monkeypatch.delenv(name, raising=False)

    def write(text):
        path = tmp_path / "gateway.toml"
        path.write_text(text)
        return path

    return write


def problems(path):
    with pytest.raises(ConfigError) as error:
        load(path)
    return [str(problem) for problem in error.value.problems]


def test_the_file_overrides_the_defaults_and_the_environment_the_file(write, monkeypatch):
    monkeypatch.setenv("GATEWAY_SERVER__HOST", "0.0.0.0")
    monkeypatch.setenv("GATEWAY_BACKENDS__UP__BASE_URL", "https://other/v1")
    monkeypatch.setenv("GATEWAY_API_KEYS", " first-key , second-key,")
    config = load(write(GOOD))
    assert (config.server.host, config.server.port) == ("0.0.0.0", 9000)
    assert config.backends["up"].base_url == "https://other/v1"
    assert [key.get_secret_value() for key in config.api_keys] == ["first-key", "second-key"]
    assert "first-key" not in repr(config)


def test_origins_of_pages(write, monkeypatch):
    origins = ("https://chat.example.org", "http://[::1]:3000", "chrome-extension://abc", "tauri://localhost", "*")
    listed = ", ".join(f'"{origin}"' for origin in origins)
    assert load(write(GOOD.replace("port = 9000", f"cors_origins = [{listed}]"))).server.cors_origins == origins
    monkeypatch.setenv("GATEWAY_SERVER__CORS_ORIGINS", '["http://localhost:3000"]')
    assert load(write(GOOD)).server.cors_origins == ("http://localhost:3000",)


@pytest.mark.parametrize("value", [",", " , ", " "])
def test_a_list_without_a_key_does_not_open_the_gateway(write, monkeypatch, value):
    monkeypatch.setenv("GATEWAY_API_KEYS", value)
    assert problems(write(GOOD)) == ["environment variable GATEWAY_API_KEYS: holds no key; name one, or unset it"]


def test_the_built_in_configuration_is_good(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = load()
    assert list(config.models) == ["smollm2-135m-instruct"]
    assert config.backends["embedded"].context_tokens == 2048


def test_a_file_in_the_working_directory_is_found(write, monkeypatch):
    monkeypatch.chdir(write(GOOD).parent)
    assert list(load().models) == ["org/m"]


# the old text, the new text, and the message
BAD = {
    "typo in a key": ("port = 9000", "prot = 9000", "server.prot: is no setting; did you mean 'port'?"),
    "typo in a table": ("[server]", "[sevrer]", "sevrer: is no setting; did you mean 'server'?"),
    **{
        f"{origin} as an origin": (
            "port = 9000",
            f'cors_origins = ["http://localhost:3000", "{origin}"]',
            "server.cors_origins[1]: is no origin as browsers send it; write it like https://",
        )
        for origin in (
            *("", "chat.example.org", "https://", "https://chat.example.org/", "https://Chat.example.org"),
            *("https://*.example.org", "https://me:pw@x", "https://x:443", "http://x:80", "https://x?y", "null", " *"),
        )
    },
    "an origin alone": ("port = 9000", 'cors_origins = "*"', "server.cors_origins: is no list; write it in [ ]"),
    "wrong type": ("9000", '"x"', "server.port: input should be a valid integer"),
    "out of range": ("9000", "70000", "server.port: input should be less than or equal to 65535, not 70000"),
    "typo in a kind": (
        '"openai"',
        '"opneai"',
        "backends.up.kind: 'opneai' is no kind of backend; did you mean 'openai'?",
    ),
    "no kind": ('kind = "openai"', "", "backends.up.kind: is missing; add kind ="),
    "typo within a backend": ("base_url", "base_ulr", "backends.up.base_ulr: is no setting; did you mean 'base_url'?"),
    "no address": ("http://127", "127", "backends.up.base_url: is no plain http(s) address; write it as http://"),
    "a password in it": ("http://127", "http://me:pw@127", "backends.up.base_url: is no plain http(s) address"),
    "typo in a route": (
        '"up", model',
        '"upp", model',
        "models.\"org/m\".route[0].backend: 'upp' is not configured; did you mean 'up'?",
    ),
    "typo in a step": ("model = ", "modle = ", "models.\"org/m\".route[0].modle: is no setting; did you mean 'model'?"),
    "empty route": (
        '[{ backend = "up", model = "inner" }, { backend = "up" }]',
        "[]",
        'models."org/m".route: is empty; add',
    ),
    "a step that is text": (
        '[{ backend = "up", model',
        '["up", { backend = "up", model',
        'models."org/m".route[0]: is no table; write it as { key = value }',
    ),
    "a route that is no list": (
        '[{ backend = "up", model = "inner" }, { backend = "up" }]',
        '"up"',
        'models."org/m".route: is no list; write it in [ ]',
    ),
    "an odd endpoint": (
        "[server]",
        '[otel]\nendpoint = "127.0.0.1:4318"\n[server]',
        "otel.endpoint: is not of the form that it must have; write it as http://host:4318",
    ),
    "odd model id": ("org/m", "org m", 'models."org m": is a name that a response header cannot carry; let it match'),
    "no models": ('[models."org/m"]\nroute', "x", "models: is missing; add it"),
    "a key in the file": ("[server]", 'api_keys = ["sk-1"]\n[server]', "api_keys: is a secret's place"),
    "no TOML": ("port = 9000", "port = ", "is not TOML: Invalid value (at line 3, column 8); fix the syntax there"),
}


@pytest.mark.parametrize(("old", "new", "message"), BAD.values(), ids=BAD)
def test_a_problem_names_place_cause_and_remedy(write, old, new, message):
    assert old in GOOD
    actual = problems(write(GOOD.replace(old, new, 1)))
    assert any(message in problem for problem in actual), actual
    assert all("; " in problem for problem in actual)
    assert not any("sk-1" in problem or "me:pw" in problem for problem in actual)


def test_all_problems_are_reported_at_once(write):
    assert len(problems(write(GOOD.replace("port", "prot").replace("base_url", "base_ulr")))) == 3


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        ("NOT_SET", "names the environment variable NOT_SET, which is not set; export it"),
        ("sk-pasted-key", "is not the name of an environment variable"),
    ],
)
def test_a_backends_key_must_be_in_the_environment(write, variable, message):
    (problem,) = problems(write(GOOD.replace("[models", f'api_key_env = "{variable}"\n[models')))
    assert problem.startswith("backends.up.api_key_env: ")
    assert message in problem
    assert "sk-pasted-key" not in problem


# The old text, the new text, and the message: values that lax types would accept.
LENIENT = {
    "a switch for a number": ("port = 9000", "workers = true", "server.workers: input should be a valid integer, not"),
    "a text for a number": ("port = 9000", 'port = "9000"', "server.port: input should be a valid integer; write it w"),
    "a fraction for an integer": ("9000", "9000.0", "server.port: input should be a valid integer, not 9000.0; change"),
    "a text for a time": ("port = 9000", 'drain_s = "3"', "server.drain_s: input should be a valid number; write it"),
    "a switch for a time": ("port = 9000", "drain_s = true", "server.drain_s: input should be a valid number, not Tr"),
    "a number for a switch": ("port = 9000", "watch = 1", "server.watch: input should be a valid boolean, not 1"),
    "a text for a switch": ("port = 9000", 'watch = "no"', "server.watch: input should be a valid boolean; write true"),
    "within a backend": ('"openai"', '"openai"\nstrict = "true"', "backends.up.strict: input should be a valid bool"),
    "within a route": ('"inner"', '"inner", weight = "2"', 'models."org/m".route[0].weight: input should be a valid n'),
}


@pytest.mark.parametrize(("old", "new", "message"), LENIENT.values(), ids=LENIENT)
def test_a_value_in_the_file_has_the_right_type(write, old, new, message):
    (problem,) = problems(write(GOOD.replace(old, new, 1)))
    assert message in problem


def test_paths_lists_and_whole_numbers_for_fractions_are_right_types(write):
    further = """
[ledger]
path = "ledger.sqlite3"
[timeouts]
total_s = 60
[backends.vllm]
kind = "openai"
base_url = "http://127.0.0.1:1"
neutralise = ["chatml"]
[models."org/m".templates.t]
system = "{{ a }}"
variables = { a = 1 }
messages = [{ role = "user", content = "x" }]
"""
    assert load(write(GOOD + further)).timeouts.total_s == 60


def test_config_check_shows_routes_or_problems(write):
    result = CliRunner().invoke(app, ["config", "check", str(write(GOOD))])
    assert result.exit_code == 0
    assert "org/m  ->  up (openai: inner), then up (openai: org/m)" in result.output
    assert "open to every client" in result.output
    result = CliRunner().invoke(app, ["config", "check", str(write(GOOD.replace("port", "prot")))])
    assert result.exit_code == 1
    assert "server.prot: is no setting; did you mean 'port'?" in result.output


@pytest.mark.parametrize(
    ("model", "reason"),
    [("/no/such.gguf", "cannot be read: No such file"), (__file__, "is not a GGUF file")],
)
@pytest.mark.parametrize("place", ["GATEWAY_MODEL", "backends.up.model_path"])
def test_config_check_reads_the_weights(write, monkeypatch, model, reason, place):
    table = 'kind = "llamacpp"'
    if place == "GATEWAY_MODEL":
        monkeypatch.setenv(place, model)
    else:
        table += f'\nmodel_path = "{model}"'
    path = write(GOOD.replace('kind = "openai"\nbase_url = "http://127.0.0.1:1/v1/"', table))
    result = CliRunner().invoke(app, ["config", "check", str(path)])
    assert result.exit_code == 1
    assert f"{place} names {model}, which {reason}" in result.output


def test_limits_without_any_key_are_reported(write, monkeypatch):
    path = write(GOOD + "[keys]\nrpm = 60\n")
    (remark,) = remarks(load(path))
    assert str(remark).startswith("keys.rpm: there are no keys, so all clients share it; set GATEWAY_API_KEYS")
    assert "keys.rpm: there are no keys" in CliRunner().invoke(app, ["config", "check", str(path)]).output
    monkeypatch.setenv("GATEWAY_API_KEYS", "a-key")
    assert remarks(load(path)) == []


@pytest.mark.parametrize("text", [None, GOOD.replace("port", "prot")])
def test_serve_refuses_a_bad_configuration(write, tmp_path, text):
    path = tmp_path / "absent.toml" if text is None else write(text)
    result = CliRunner().invoke(app, ["serve", "--config", str(path)])
    assert result.exit_code == 2
    assert "cannot be used" in result.output
    assert "Traceback" not in result.output


def test_a_price_of_an_unknown_model_is_an_error(write):
    (problem,) = problems(write(GOOD + '[prices."org/n"]\ninput_per_million = 1\noutput_per_million = 1\n'))
    assert problem == "prices.\"org/n\": there is no such model; did you mean 'org/m'?"


def test_a_misspelt_price_is_an_error(write):
    (problem, *_) = problems(write(GOOD + '[prices."org/m"]\ninput_per_milion = 1\noutput_per_million = 1\n'))
    assert "input_per_million" in problem
