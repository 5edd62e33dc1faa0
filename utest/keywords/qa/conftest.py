"""A project of small suites that need no gateway, and real runs of it."""

import os
import subprocess
import sys

import pytest

LISTENER = "keywords.hooks.listener.TraceabilityListener"
REGISTER = """
- id: DEMO-001
  title: It holds
  text: It holds.
  area: demo
  risk: {likelihood: 3, impact: 4}
  needs: [functional]
  owner: quality
"""


@pytest.fixture
def empty_project(tmp_path):
    """A project with a register, and an `__init__.robot` that brings the listener."""
    (tmp_path / "resources" / "register").mkdir(parents=True)
    (tmp_path / "resources" / "register" / "requirements.yaml").write_text(REGISTER)
    (tmp_path / "suites").mkdir()
    (tmp_path / "suites" / "__init__.robot").write_text(f"*** Settings ***\nLibrary    {LISTENER}\n")
    return tmp_path


@pytest.fixture
def project(empty_project):
    """Writes a project of one row, and returns its folder."""

    def write(body, tags="req:DEMO-001    kind:functional"):
        row = f"*** Test Cases ***\nIt holds\n    [Tags]    {tags}\n    {body}\n"
        (empty_project / "suites" / "demo.robot").write_text(row)
        return empty_project

    return write


@pytest.fixture
def qa_run():
    """Starts `qa run` in a folder, in a process group of its own; whatever of it still runs at the end is killed."""
    started = []

    def start(folder, *arguments, npm=None):
        # The Allure page is left out, with a note, and nothing else is: by default at once, as no cache folder can be
        # made.
        environment = {**os.environ, **(npm or {"XDG_CACHE_HOME": __file__})}
        command = [sys.executable, "-m", "keywords.qa.cli", "run", *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process = subprocess.Popen(command, cwd=folder, env=environment, text=True, start_new_session=True, **pipes)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            pipe.close()
