"""What the embedded backend looks at before it starts a child."""

import os
import sys

import pytest

from gateway.backends.llamacpp import backend as llamacpp
from gateway.backends.llamacpp import child
from gateway.backends.llamacpp.backend import LlamaCppBackend
from gateway.backends.llamacpp.config import LlamaCppConfig
from gateway.backends.llamacpp.weights import EngineMissing, WeightsMissing


@pytest.mark.parametrize(("content", "complaint"), [(None, "cannot be read"), (b"<html>", "not a GGUF file")])
def test_an_unusable_model_path_is_named_with_its_setting(tmp_path, content, complaint):
    path = tmp_path / "own.gguf"
    if content:
        path.write_bytes(content)
    backend = LlamaCppBackend(LlamaCppConfig(model_path=path), name="embedded", models=["m"])
    with pytest.raises(WeightsMissing, match=rf"backends\.embedded\.model_path names .*{complaint}"):
        backend.check()


def test_without_llama_cpp_the_remedy_is_named(monkeypatch):
    monkeypatch.setattr(llamacpp, "find_spec", lambda _: None)
    with pytest.raises(EngineMissing, match=r"pip install 'llm-gateway-qa\[embedded\]'"):
        LlamaCppBackend(LlamaCppConfig(), name="embedded", models=["m"]).check()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere llama.cpp counts the cores itself")
@pytest.mark.parametrize(
    ("cpus", "siblings", "quota", "threads"),
    [
        (1, 1, "max 100000", (1, 1)),
        (2, 1, "max 100000", (2, 1)),
        (4, 2, "max 100000", (2, 2)),
        (6, 1, "", (5, 5)),
        (64, 2, "max 100000", (8, 8)),
        (64, 2, "300000 100000", (2, 2)),
        (64, 2, "200000 100000", (2, 1)),
        (64, 2, "50000 100000", (1, 1)),
    ],
)
def test_one_cpu_stays_free_of_answering_and_reads_where_the_waiting_sleep(monkeypatch, cpus, siblings, quota, threads):
    def read(path):
        return quota if "cgroup" in path else str(int("".join(filter(str.isdigit, path))) // siblings)

    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cpus)))
    monkeypatch.setattr(child, "_read", read)
    assert child._threads() == threads
