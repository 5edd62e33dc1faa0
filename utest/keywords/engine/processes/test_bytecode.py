import os
import subprocess
import sys

import pytest

from keywords.engine.processes.bytecode import keep_bytecode


@pytest.fixture
def environment(monkeypatch, tmp_path):
    for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return monkeypatch


def test_a_process_compiles_a_module_for_all_later_ones(environment, tmp_path):
    environment.setenv("PYTHONDONTWRITEBYTECODE", "1")
    keep_bytecode()
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "greeting.py").write_text("print('hello')")
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", "import greeting; print(greeting.__cached__)"],
            env={**os.environ, "PYTHONPATH": str(tmp_path / "sources")},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.startswith("hello\n")
    kept = list((tmp_path / "cache" / "llm-gateway-qa" / "bytecode").rglob("greeting.*.pyc"))
    assert [str(path) for path in kept] == done.stdout.splitlines()[1:]
    assert not (tmp_path / "sources" / "__pycache__").exists()


@pytest.mark.parametrize("others", [{}, {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": "/chosen"}])
def test_what_works_or_was_chosen_is_left_alone(environment, others):
    for name, value in others.items():
        environment.setenv(name, value)
    before = dict(os.environ)
    keep_bytecode()
    assert dict(os.environ) == before
