"""The log of gateways that unit tests start: shown where a test fails, and nowhere else."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
TESTS = """
def test_passes(client, backend):
    assert client.http.get("/passes").status_code == 404


def test_fails(client, backend):
    assert client.http.get("/fails").status_code == 200
"""


def test_the_log_of_a_gateway_is_shown_with_the_test_that_failed_and_nowhere_else(tmp_path):
    (tmp_path / "test_log.py").write_text(TESTS)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-n2",
            "-p",
            "utest.gateway.conftest",
            "-p",
            "no:cacheprovider",
            tmp_path,
        ],
        cwd=ROOT,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    before, _, section = run.stdout.partition("Captured gateway log call")
    assert "1 failed, 1 passed" in section, run.stdout + run.stderr
    assert '"path":"/fails"' in section
    assert '"event":"request"' not in before + run.stderr
    assert "/passes" not in run.stdout + run.stderr
