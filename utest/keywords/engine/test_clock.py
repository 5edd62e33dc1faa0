"""All modules use one clock, so that times of different modules and processes can be subtracted."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from keywords.engine import clock

ROOT = next(folder for folder in Path(__file__).parents if (folder / "pyproject.toml").is_file())
OF_ITS_OWN = {
    "keywords/engine/clock.py",
    "keywords/engine/gpu/cuda/program.py",
    "keywords/engine/processes/tree.py",
    "ops/bench/conformance/locustfile.py",
    "ops/bench/referee/locustfile.py",
}
"""The clock itself, and files that run without the package: all read `time.perf_counter`."""
ALLOWED = {"time", "sleep", "localtime", "mktime", "strftime", "strptime", "process_time", "thread_time"}
"""Allowed functions of the module `time`: dates, waiting, and processor time, which no other process compares."""


def refused(source, allowed=frozenset(ALLOWED)):
    """Lines with a use of the module `time` beyond the allowed, and with a loop's own clock."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            found += [f"{node.lineno}: {name.name}" for name in node.names if name.name not in allowed]
        elif isinstance(node, ast.Import):
            # Under another name, the module's calls would not be seen.
            found += [f"{node.lineno}: {name.asname}" for name in node.names if name.name == "time" and name.asname]
        elif isinstance(node, ast.Attribute):
            of_module = isinstance(node.value, ast.Name) and node.value.id == "time"
            of_loop = node.attr == "time" and "loop" in ast.unparse(node.value)
            if of_loop or (of_module and node.attr not in allowed):
                found.append(f"{node.lineno}: {ast.unparse(node)}")
    return found


@pytest.mark.parametrize(
    "path",
    [*ROOT.glob("keywords/**/*.py"), *ROOT.glob("ops/**/*.py")],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_no_other_clock_is_read(path):
    own = path.relative_to(ROOT).as_posix() in OF_ITS_OWN
    assert refused(path.read_text("utf-8"), ALLOWED | {"perf_counter"} if own else ALLOWED) == []


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.monotonic()",
        "import time\ntime.perf_counter_ns()",
        "import time\nfield(default_factory=time.perf_counter)",
        "import time\ntime.clock_gettime(time.CLOCK_MONOTONIC)",
        "import time as t\nt.monotonic()",
        "from time import monotonic",
        "from time import perf_counter as now",
        "asyncio.get_running_loop().time()",
        "self._loop.time()",
    ],
)
def test_other_clocks_are_found(source):
    assert refused(source)


@pytest.mark.parametrize(
    "source", ["import time\ntime.time()", "from time import sleep", "import time\ntime.sleep(1)", "exchange.time"]
)
def test_stamps_and_waiting_are_no_clocks(source):
    assert refused(source) == []


def test_it_is_the_same_in_all_processes():
    before = clock.now()
    command = [sys.executable, "-c", "from keywords.engine import clock; print(clock.now())"]
    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert before < float(told.stdout) < clock.now()
