"""The child takes each of its options by itself."""

import sys
from types import SimpleNamespace

import pytest

from gateway.backends.llamacpp import child

NEEDED = ["child", "--model=m.gguf", "--alias=m", "--context-tokens=64", "--slots=1"]


@pytest.mark.parametrize(
    ("options", "threads", "prompt_threads"),
    [([], "own", "own"), (["--threads=1"], 1, "own"), (["--prompt-threads=2"], "own", 2)],
)
def test_threads_that_are_not_given_are_left_to_llama_cpp(monkeypatch, options, threads, prompt_threads):
    monkeypatch.setattr(sys, "argv", [*NEEDED, *options])
    parameters = SimpleNamespace(
        model=SimpleNamespace(),
        cpuparams=SimpleNamespace(n_threads="own"),
        cpuparams_batch=SimpleNamespace(n_threads="own"),
    )
    child._parameters(parameters, child._arguments(), None)
    assert (parameters.cpuparams.n_threads, parameters.cpuparams_batch.n_threads) == (threads, prompt_threads)


@pytest.mark.parametrize("option", ["--threads", "--prompt-threads", "--slots", "--context-tokens"])
@pytest.mark.parametrize("number", ["0", "-1", "two"])
def test_a_number_below_one_is_refused_by_its_name(monkeypatch, capsys, option, number):
    """llama.cpp ends by a failed assertion at some of them."""
    monkeypatch.setattr(sys, "argv", [*NEEDED, f"{option}={number}"])
    with pytest.raises(SystemExit):
        child._arguments()
    assert f"error: argument {option}: is '{number}'; give a whole number from 1 on" in capsys.readouterr().err
