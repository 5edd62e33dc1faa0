"""A run of Robot in a separate process."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from robot.api import logger

from keywords.engine.warm_start.starter import SUPPORTED, WarmStarter
from keywords.traceability.results import Result, read_output

TIME_LIMIT_S = 60
_STARTER = WarmStarter(
    # Robot and the packages of the suite, but none of the suite's own modules: some read the working folder or the
    # environment when they are imported.
    (
        *("robot.run", "robot.rebot", "robot.libraries.OperatingSystem", "allure_robotframework"),
        *("assertionengine", "jinja2", "numpy", "psutil", "pydantic", "rich.console", "tomli_w", "typer", "yaml"),
        *("anyio", "h11", "httpcore2", "httpx2", "RequestsLibrary", "truststore"),
    )
)


@dataclass(frozen=True, slots=True)
class ChildRun:
    """A run of Robot that has ended.

    Attributes:
        rc: Robot's exit code.
        stdout: its standard output.
        stderr: its warnings and errors.
        folder: its output directory.
    """

    rc: int
    stdout: str
    stderr: str
    folder: Path

    def results(self) -> tuple[Result, ...]:
        """The results of its rows.

        Raises:
            OutputError: the run left no results.
        """
        return read_output(self.folder / "output.xml").results

    def row(self, name: str) -> Result:
        """The result of a row.

        Raises:
            AssertionError: the run has no such row.
        """
        results = {result.row.name: result for result in self.results()}
        if name not in results:
            raise AssertionError(f"No row {name!r} was run, only {sorted(results)}; Robot said: {self.stderr}")
        return results[name]


def run_robot(
    folder: Path, *arguments: str, environment: Mapping[str, str], timeout_s: float = TIME_LIMIT_S
) -> ChildRun:
    """Run `robot` in a separate process and wait for its end.

    Args:
        folder: its output folder.
        arguments: options and paths.
        environment: variables that override those of this run.
        timeout_s: time limit, in seconds.

    Raises:
        subprocess.TimeoutExpired: it did not end in time.
    """
    command = ("--outputdir", str(folder), *arguments)
    return run_module("robot", *command, folder=folder, environment=environment, timeout_s=timeout_s)


def run_module(
    module: str,
    *arguments: str | Path,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    timeout_s: float = TIME_LIMIT_S,
    cwd: Path | None = None,
) -> ChildRun:
    """Run a module of Python in a separate process and wait for its end.

    Args:
        module: its name, such as `robot.rebot`.
        arguments: options and paths.
        folder: where its output is.
        environment: variables that override those of this run.
        timeout_s: time limit, in seconds.
        cwd: its working directory; that of this run if left out.

    Raises:
        subprocess.TimeoutExpired: it did not end in time.
    """
    whole, own = {**os.environ, **(environment or {})}, [*map(str, arguments)]
    if SUPPORTED:
        done = _STARTER.run(module, own, cwd=cwd or Path.cwd(), environment=whole, timeout_s=timeout_s)
    else:
        done = subprocess.run(  # noqa: S603  (this interpreter, this project's files)
            [sys.executable, "-m", module, *own],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_s,
            check=False,
            env=whole,
            cwd=cwd,
        )
    stdout, stderr = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    logger.info(f"exit code {done.returncode}\n{stdout}{stderr}")
    return ChildRun(done.returncode, stdout, stderr, folder)
