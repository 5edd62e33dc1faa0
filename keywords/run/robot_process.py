"""A run of Robot in a separate process."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from robot.api import logger

from keywords.engine.warm_start.starter import SUPPORTED, WarmStarter
from keywords.traceability.results import Result, read_output

TIME_LIMIT_S = 60
_STARTER = WarmStarter(
    # Robot and the packages of the suite, but none of the suite's own modules: some read the working folder or the
    # environment when they are imported.
    (
        *("robot.run", "robot.rebot", "robot.libraries.OperatingSystem", "allure_robotframework"),
        *("assertionengine", "jinja2", "psutil", "tomli_w", "typer", "yaml"),
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
    whole = {**os.environ, **(environment or {})}
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        rc = _run(module, [*map(str, arguments)], (output, errors), environment=whole, timeout_s=timeout_s, cwd=cwd)
        stdout, stderr = _text(output), _text(errors)
    logger.info(f"exit code {rc}\n{stdout}{stderr}")
    return ChildRun(rc, stdout, stderr, folder)


def _run(
    module: str,
    arguments: list[str],
    outputs: tuple[IO[bytes], IO[bytes]],
    *,
    environment: Mapping[str, str],
    timeout_s: float,
    cwd: Path | None,
) -> int:
    output, errors = outputs
    if not SUPPORTED:
        command = [sys.executable, "-m", module, *arguments]
        return subprocess.run(  # noqa: S603  (this interpreter, this project's files)
            command, stdout=output, stderr=errors, timeout=timeout_s, check=False, env=environment, cwd=cwd
        ).returncode
    with Path(os.devnull).open("rb") as nothing:
        descriptors = (nothing.fileno(), output.fileno(), errors.fileno())
        process = _STARTER.start(
            module, arguments, cwd=cwd or Path.cwd(), environment=environment, descriptors=descriptors
        )
    try:
        status = process.wait(timeout_s)
    except BaseException:
        process.kill()
        process.wait()
        raise
    assert status is not None  # noqa: S101  # only the end of the interpreter hides it
    return status


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
