"""Keys in the environment that no header can carry are refused before the start, by name and without the key."""

import pytest

from gateway.backends.kinds import KINDS, load
from gateway.config.problems import ConfigError

BAD = {
    "a line end": ("sk-x7\n", "begins or ends with a blank or a line end"),
    "a line end of Windows": ("sk-x7\r\n", "begins or ends with a blank or a line end"),
    "a blank before": (" sk-x7", "begins or ends with a blank or a line end"),
    "a blank after": ("sk-x7 ", "begins or ends with a blank or a line end"),
    "a tab": ("sk-x7\t", "begins or ends with a blank or a line end"),
    "a no-break space": ("sk-x7\u00a0", "begins or ends with a blank or a line end"),
    "blanks alone": ("  ", "begins or ends with a blank or a line end"),
    "a line end within": ("sk-\nx7", "holds a blank, a line end or another control character"),
    "a header within": ("sk-x7\r\nx-evil: 1", "holds a blank, a line end or another control character"),
    "a blank within": ("sk x7", "holds a blank, a line end or another control character"),
    "a control character": ("sk-\x1bx7", "holds a blank, a line end or another control character"),
    "an umlaut": ("sk-xä7", "holds a character beyond ASCII"),
    "a dash of a word processor": ("sk\u2013x7", "holds a character beyond ASCII"),
    "a zero-width space": ("sk-x7\u200b", "holds a character beyond ASCII"),
    "quotes": ('"sk-x7"', "begins or ends with a quote"),
    "single quotes": ("'sk-x7'", "begins or ends with a quote"),
    "one quote": ("sk-x7'", "begins or ends with a quote"),
    "the scheme": ("Bearer sk-x7", "begins with 'Bearer '"),
    "the scheme in small letters": ("bearer sk-x7", "begins with 'Bearer '"),
}
KEYED = {name: kind for name, kind in KINDS.items() if "api_key_env" in kind.config.model_fields}


def problems(tmp_path, text):
    file = tmp_path / "gateway.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as error:
        load(file)
    return [str(problem) for problem in error.value.problems]


def table(kind, setting):
    backend = f'[backends.up]\nkind = "{kind}"\nbase_url = "http://127.0.0.1:1"\n{setting}\n'
    return backend + '[models.m]\nroute = [{ backend = "up" }]\n'


@pytest.mark.parametrize(("key", "what"), BAD.values(), ids=BAD)
@pytest.mark.parametrize("kind", KEYED)
def test_a_backends_key(tmp_path, monkeypatch, kind, key, what):
    monkeypatch.setenv("UPKEY", key)
    (problem,) = problems(tmp_path, table(kind, 'api_key_env = "UPKEY"'))
    assert problem.startswith(f"backends.up.api_key_env: names the environment variable UPKEY, whose value {what}; ")
    assert "x7" not in problem


def test_every_kind_with_a_key_is_tried():
    assert {"openai", "azure", "nim", "anthropic", "ollama", "litellm"} == set(KEYED)


# Blanks around the keys of a list are allowed.
BAD_IN_LIST = {name: case for name, case in BAD.items() if case[0] == case[0].strip()}


@pytest.mark.parametrize(("key", "what"), BAD_IN_LIST.values(), ids=BAD_IN_LIST)
def test_a_clients_key(tmp_path, monkeypatch, key, what):
    monkeypatch.setenv("GATEWAY_API_KEYS", f"good-key,{key}")
    (problem,) = problems(tmp_path, table("openai", ""))
    assert problem.startswith(f"environment variable GATEWAY_API_KEYS: holds a key that {what}; ")
    assert "x7" not in problem


@pytest.mark.parametrize("list_in_quotes", ['"a-key,b-key"', "'a-key'"])
def test_a_list_of_clients_keys_in_quotes(tmp_path, monkeypatch, list_in_quotes):
    monkeypatch.setenv("GATEWAY_API_KEYS", list_in_quotes)
    assert "begins or ends with a quote" in problems(tmp_path, table("openai", ""))[0]


@pytest.mark.parametrize("url", ["redis://:pw@h:1/0\n", " redis://:pw@h:1", '"redis://:pw@h:1"', "redis://:p w@h:1"])
def test_the_password_of_redis(tmp_path, monkeypatch, url):
    monkeypatch.setenv("SHARED_URL", url)
    (problem,) = problems(tmp_path, table("openai", "") + '[shared]\nredis_url_env = "SHARED_URL"\n')
    assert problem.startswith("shared.redis_url_env: names a variable whose value ")
    assert "pw" not in problem


def test_what_is_no_address_of_redis(tmp_path, monkeypatch):
    monkeypatch.setenv("SHARED_URL", "h:6379")
    (problem,) = problems(tmp_path, table("openai", "") + '[shared]\nredis_url_env = "SHARED_URL"\n')
    assert problem.endswith("is no Redis address; write it as redis://host:6379/0")


@pytest.mark.parametrize("key", ["sk-x7", "none", "a.b~c+d/e=", "sk-'x'-7", "x" * 3000, "eyJh.eyJz._-"])
def test_a_good_key_is_taken(tmp_path, monkeypatch, key):
    monkeypatch.setenv("UPKEY", key)
    file = tmp_path / "gateway.toml"
    file.write_text(table("openai", 'api_key_env = "UPKEY"'))
    assert load(file).backends["up"].api_key.get_secret_value() == key
