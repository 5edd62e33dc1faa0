"""What the embedded backend looks at before it starts a child."""

import pytest

from gateway.backends.llamacpp import backend as llamacpp
from gateway.backends.llamacpp import threads as llamacpp_threads
from gateway.backends.llamacpp.backend import LlamaCppBackend
from gateway.backends.llamacpp.config import LlamaCppConfig
from gateway.backends.llamacpp.threads import choose_threads
from gateway.backends.llamacpp.weights import EngineMissing, WeightsMissing
from gateway.operating_system.cpus import Cpus


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


@pytest.mark.parametrize(
    ("usable", "cores", "threads"),
    [
        (1, 1, (1, 1)),
        (2, 2, (2, 1)),
        (4, 2, (2, 2)),
        (6, 6, (5, 5)),
        (64, 32, (8, 8)),
        (3, 32, (2, 2)),
        (2, 32, (2, 1)),
    ],
)
def test_one_cpu_stays_free_of_answers_and_prompts_are_read_where_waiting_threads_sleep(
    monkeypatch, usable, cores, threads
):
    monkeypatch.setattr(llamacpp_threads, "count_cpus", lambda: Cpus(usable, cores))
    assert choose_threads() == threads


def test_where_the_cpus_are_unknown_llama_cpp_chooses(monkeypatch):
    monkeypatch.setattr(llamacpp_threads, "count_cpus", lambda: None)
    assert choose_threads() is None
