"""Backends are scripted by words, and the written configurations are good."""

import tomllib
from datetime import timedelta

import pytest

from keywords import backends
from keywords.backends import BackendsLibrary
from keywords.engine.process import run_command
from keywords.engine.scripted_backend import Script


@pytest.fixture
def library(monkeypatch, tmp_path):
    monkeypatch.setattr(backends, "output_dir", lambda: tmp_path)
    return BackendsLibrary()


@pytest.fixture
def backend(library):
    backend = library.start_scripted_backend("one", "two")
    yield backend
    library.stop_scripted_backend(backend)


def test_an_answer_has_chunks_and_delays(library, backend):
    library.script_answer(backend, "a", "b", first_delay=timedelta(seconds=1), chunk_delay=timedelta(milliseconds=5))
    assert backend.script == Script(chunks=("a", "b"), first_delay_s=1.0, chunk_delay_s=0.005)
    library.script_answer(backend, finish_reason="length")
    assert backend.script == Script(finish_reason="length")


def test_a_fault_keeps_the_answer_and_replaces_the_fault_before(library, backend):
    library.script_answer(backend, "a", "b")
    library.script_fault(backend, "cut", after=1)
    assert backend.script == Script(chunks=("a", "b"), cut_after=1)
    library.script_fault(backend, "silence", after=2)
    assert backend.script == Script(chunks=("a", "b"), silent_after=2)
    library.script_fault(backend, "error")
    assert backend.script == Script(chunks=("a", "b"), error_after=0)


def test_a_refusal_has_a_status_and_what_else_is_said(library, backend):
    library.script_refusal(backend, 429, "busy", headers={"retry-after": "7"})
    assert backend.script == Script(status=429, body=b"busy", headers={"retry-after": "7"})
    library.script_refusal(backend, 500)
    assert backend.script == Script(status=500)


@pytest.mark.parametrize(("kind", "suffix"), [("openai", "/v1"), ("ollama", "")])
def test_a_written_configuration_is_good(library, backend, tmp_path, kind, suffix):
    path = library.write_gateway_config(backend, kind, model="asked", limits={"idle_s": 1.5, "json_depth": 20})
    written = tomllib.loads(path.read_text())
    assert written["backends"]["scripted"] == {"kind": kind, "base_url": backend.url + suffix}
    assert written["models"]["asked"]["route"] == [{"backend": "scripted", "model": "one"}]
    assert (written["timeouts"], written["limits"]) == ({"idle_s": 1.5}, {"json_depth": 20})
    checked = run_command("config", "check", str(path), cwd=tmp_path)
    assert checked.rc == 0, checked.stderr


def test_each_configuration_has_a_file_of_its_own(library, backend):
    assert library.write_gateway_config(backend) != library.write_gateway_config(backend)
