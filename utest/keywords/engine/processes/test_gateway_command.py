"""A command line of the gateway, run to its end."""

import sys

import pytest

from keywords.engine.processes import gateway_command
from keywords.engine.processes.gateway_command import run_command
from keywords.engine.warm_start.starter import SUPPORTED


def test_a_command_gives_back_its_status_and_both_outputs(tmp_path, monkeypatch):
    code = "import sys; print(sys.argv[1]); print('bad', file=sys.stderr); sys.exit(3)"
    monkeypatch.setattr(gateway_command, "COMMAND", (sys.executable, "-c", code))
    result = run_command("hello", cwd=tmp_path)
    assert (result.rc, result.stdout, result.stderr) == (3, "hello\n", "bad\n")


@pytest.mark.skipif(not SUPPORTED, reason="only Linux lets a process go on after a fork")
@pytest.mark.parametrize("arguments", [("config", "check"), ("config", "check", "none.toml"), ("--version",), ("no",)])
def test_a_warm_command_says_what_a_cold_one_says(tmp_path, arguments):
    cold, warm = (run_command(*arguments, cwd=tmp_path, warm=warm) for warm in (False, True))
    assert warm == cold
    assert cold.stdout + cold.stderr
