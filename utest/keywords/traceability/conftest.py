"""A small project: a register, suites with a simulated wire, and helpers that run them."""

import subprocess
import textwrap
from pathlib import Path

import pytest

from utest.python_runs import run_python

REGISTER = """
- id: CHAT-001
  title: "A question is answered: plainly"
  text: A chat request is answered.
  area: chat
  risk: {likelihood: 3, impact: 5}
  needs: [functional, negative]
  owner: gateway
  source: somebody/something#12 shows it
- id: STRM-001
  title: A stream ends properly
  text: A stream ends with one finish reason.
  area: streaming
  risk: {likelihood: 2, impact: 2}
  needs: [functional]
  owner: gateway
"""

WIRE = """
import time
from robot.api.deco import keyword, library
from keywords.engine.evidence.collector import COLLECTOR
from keywords.engine.http.exchange import Chunk, Exchange
from keywords.engine.redaction.secrets import SECRETS

@library
class Wire:
    @keyword
    def talk(self, count: int = 1):
        SECRETS.protect("sk-top-secret")
        for _ in range(count):
            COLLECTOR.add(Exchange(
                method="POST",
                url="http://127.0.0.1:9/v1/chat/completions",
                request_headers={"authorization": "<secret>"},
                request_body=b'{"model": "m", "seed": 7, "key": "sk-top-secret"}',
                started_at=time.time(),
                status=200,
                response_headers={"content-type": "application/json", "x-gateway-model": "m"},
                chunks=[Chunk(0.1, b"{}")],
                total_s=0.1,
            ))
"""

INIT = """
*** Settings ***
Library    keywords.hooks.listener.TraceabilityListener
"""

SUITE = """
*** Settings ***
Library      wire.Wire
Test Tags    kind:functional

*** Test Cases ***
A question is answered
    [Tags]    req:CHAT-001    smoke
    Talk
A refusal names the field
    [Tags]    req:CHAT-001    kind:negative
    Talk    2
    Fail    sk-top-secret was refused
A stream ends
    [Tags]    req:STRM-001
    Skip    This machine has no GPU
"""


class Project:
    """A folder with a register and suites."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.results = root / "results"
        self.write("resources/register/requirements.yaml", REGISTER)
        self.write("wire.py", WIRE)
        self.write("suites/__init__.robot", INIT)
        self.write("suites/api/chat.robot", SUITE)
        self.write("suites/_child/broken.robot", "*** Test Cases ***\nNobody runs this\n    Fail\n")

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip(), encoding="utf-8")
        return path

    def replace(self, name: str, old: str, new: str) -> None:
        path = self.root / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def robot(self, *options: str, suites: str = "suites") -> subprocess.CompletedProcess[str]:
        folders = ("--pythonpath", ".", "--outputdir", "results")
        return run_python("robot", *folders, *options, suites, cwd=self.root)


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


@pytest.fixture(scope="session")
def start_project(tmp_path_factory):
    """A function that begins a project that several tests share."""
    return lambda: Project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="session")
def finished(start_project):
    """A project after a whole run with Allure's listener; tests only read it."""
    project = start_project()
    project.process = project.robot("--listener", "allure_robotframework:results/allure")
    return project
