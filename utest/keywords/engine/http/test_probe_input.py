"""What no server and no user should give the probe: each is told by what it is, not as a server that is gone."""

import json

import pytest

from keywords.engine.http import probe as probe_module
from keywords.engine.http.probe import ProbeError, probe

KEYS = ["sk-Ab3dEf9Gh\n", "sk-Ab3dEf9Gh\r\nX-Evil: 1", " sk-Ab3dEf9Gh", "schlüssel-Ab3dEf9", "sk-\0Ab3dEf9Gh", "é" * 20]
URLS = ["http://[::1", "http://[", "http://\u202ehost:1", "http://host:abc", "http://", "nonsense"]
NO_IDS = ["\x1b[31mred", "\u202edeb", "a\nPASS", "n\0ul", "x" * 10_000, "\ud800", 7, None, [], {}, "", " "]


@pytest.fixture
def listed(monkeypatch):
    """A server that lists these ids, and gives this version."""

    def serve(*ids, version="1"):
        bodies = {"/v1/models": {"data": [{"id": id_} for id_ in ids]}, "/health": {"version": version}}

        def fetch(url, **_):
            body = next((body for path, body in bodies.items() if url.endswith(path)), {})
            return (200, json.dumps(body).encode()) if body else (400, b"{}")

        monkeypatch.setattr(probe_module, "fetch", fetch)

    return serve


@pytest.mark.parametrize("key", KEYS)
def test_a_key_that_no_header_holds_is_told_as_such_and_not_shown(key):
    with pytest.raises(ProbeError, match="GATEWAY_API_KEY") as raised:
        probe("http://127.0.0.1:9", key)
    assert "No server answers" not in str(raised.value)
    assert "Ab3dEf9" not in str(raised.value)
    assert "é" not in str(raised.value)


@pytest.mark.parametrize("url", URLS)
def test_an_address_that_is_none_is_told(url):
    with pytest.raises(ProbeError, match="correct the URL"):
        probe(url, None)


@pytest.mark.parametrize("id_", NO_IDS)
def test_an_id_that_nobody_could_ask_for_or_see_is_no_model(listed, id_):
    listed(id_, "good")
    assert probe("http://a.test", None).models == ("good",)
    listed(id_)
    with pytest.raises(ProbeError, match="lists no model"):
        probe("http://a.test", None)


@pytest.mark.parametrize(
    ("version", "shown"),
    [("1.2", "1.2"), (3, ""), (None, ""), ("1\x1b[31m", "1\\x1b[31m"), ("1\n2", "1\\n2"), ("x" * 10_000, "x" * 100)],
)
def test_a_version_is_one_short_line_without_characters_that_act(listed, version, shown):
    listed("good", version=version)
    assert probe("http://a.test", None).version == shown


def test_a_model_that_cannot_be_asked_for_is_told(listed):
    listed("good")
    with pytest.raises(ProbeError, match="--model"):
        probe("http://a.test", None, model="\udcff", model_option="--model")
