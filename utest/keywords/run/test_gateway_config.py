"""Configurations that keywords write are TOML with the very values, whatever characters these have."""

import tomllib

import pytest

from keywords.backend.scripted import ScriptedBackendLibrary
from keywords.run.gateway_config import add_table, write_config


def test_a_written_configuration_reads_as_its_tables(tmp_path):
    tables = {
        "backends": {"b": {"base_url": 'http://a"b\\c'}},
        "models": {"qwen3:0.6b": {"route": [{"backend": "b", "weight": 1.5}]}},
    }
    path = write_config(tmp_path / "gateway.toml", tables)
    assert tomllib.loads(path.read_text("utf-8")) == tables


def test_a_table_is_added_to_what_a_file_holds(tmp_path):
    path = write_config(tmp_path / "gateway.toml", {"models": {"m": {"route": [{"backend": "b"}]}}})
    add_table(path, "server", {"port": 1})
    add_table(path, 'models.m.templates."of colours"', {"system": "{{ colour }}", "variables": {"colour": "red"}})
    assert tomllib.loads(path.read_text("utf-8")) == {
        "server": {"port": 1},
        "models": {
            "m": {
                "route": [{"backend": "b"}],
                "templates": {"of colours": {"system": "{{ colour }}", "variables": {"colour": "red"}}},
            }
        },
    }


@pytest.mark.parametrize("text", ["two\nlines", 'a "quote"', "C:\\temp", "\x7f\x01", "\N{WHALE}", "[not JSON", ""])
def test_the_keyword_adds_a_text_as_it_is(tmp_path, text):
    path = write_config(tmp_path / "gateway.toml", {})
    ScriptedBackendLibrary().add_to_gateway_config(path, "templates.a", system=text)
    assert tomllib.loads(path.read_bytes().decode())["templates"]["a"] == {"system": text}


@pytest.mark.parametrize(
    ("text", "value"), [("3", 3), ("0.5", 0.5), ("true", True), ('["a", {"slots": 2}]', ["a", {"slots": 2}])]
)
def test_the_keyword_takes_json_as_json(tmp_path, text, value):
    path = write_config(tmp_path / "gateway.toml", {})
    ScriptedBackendLibrary().add_to_gateway_config(path, "keys", queue=text)
    assert tomllib.loads(path.read_text("utf-8"))["keys"]["queue"] == value
