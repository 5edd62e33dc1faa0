"""Runs of `robot` and `qa` as other processes, without the time that their imports take."""

import subprocess
from pathlib import Path

from keywords.run.robot_process import run_module


def run_python(module, *arguments, cwd=None, environment=None, timeout_s=90):
    """What `python -m module` gives in a folder, with variables that override those of this process."""
    folder = Path(cwd or ".")
    done = run_module(module, *arguments, folder=folder, cwd=cwd, environment=environment, timeout_s=timeout_s)
    return subprocess.CompletedProcess([module, *arguments], done.rc, done.stdout, done.stderr)
