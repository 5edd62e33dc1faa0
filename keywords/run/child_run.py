"""Run small suites within a run, to test the suite itself."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library
from robot.api.types import Secret

from keywords.engine.evidence.collector import REDACTED
from keywords.run.assertions import verify
from keywords.run.context import current_target, output_dir
from keywords.run.places import SUITES
from keywords.traceability.results import Result, read_output

CHILDREN = SUITES / "selftest" / "_child"
TIME_LIMIT_S = 60


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


def run_robot(name: str, *arguments: str, environment: Mapping[str, str], timeout_s: float = TIME_LIMIT_S) -> ChildRun:
    """Run `robot` in a separate process, below the output directory of this run, and wait for its end.

    Args:
        name: of the output directory.
        arguments: options and paths.
        environment: variables that override those of this run.
        timeout_s: time limit, in seconds.

    Raises:
        subprocess.TimeoutExpired: it did not end in time.
    """
    folder = output_dir() / "children" / name
    shutil.rmtree(folder, ignore_errors=True)
    process = subprocess.run(  # noqa: S603  (this interpreter, this project's files)
        [sys.executable, "-m", "robot", "--outputdir", str(folder), *arguments],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
        env={**os.environ, **environment},
    )
    logger.info(f"exit code {process.returncode}\n{process.stdout}{process.stderr}")
    return ChildRun(process.returncode, process.stdout, process.stderr, folder)


@library(scope="GLOBAL", doc_format="MARKDOWN")
class ChildRunLibrary:
    """Run a suite of `suites/selftest/_child/` in a separate process, and check its results.

    The `Get…` keywords return a value; with an operator and an expected value they also verify it.
    """

    def __init__(self) -> None:
        self._runs = 0

    @keyword
    def run_child(self, suite: str, *options: str) -> ChildRun:
        """Run a suite, attached to the target of this run, and wait for its end.

        Args:
            suite: a file in `suites/selftest/_child/`.
            options: further options of `robot`.

        Raises:
            subprocess.TimeoutExpired: it did not end within 60 seconds.

        ```robotframework
        ${child} =    Run Child    failing.robot    --loglevel    TRACE
        ```
        """
        target = current_target()
        self._runs += 1
        key = {"GATEWAY_API_KEY": target.api_key.value if target.api_key else ""}
        options = ("-v", f"GATEWAY_URL:{target.url}", *options)
        return run_robot(f"{self._runs}-{Path(suite).stem}", *options, str(CHILDREN / suite), environment=key)

    @keyword
    def get_row_status(
        self,
        child: ChildRun,
        row: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
    ) -> str:
        """How a row of the child ended: `PASS`, `FAIL`, `SKIP`, or `NOT RUN` if the child did not reach it.

        ```robotframework
        ${child} =    Run Child    failing.robot
        Get Row Status    ${child}    An answer that nobody gives is expected    ==    FAIL
        ```
        """
        result = child.row(row)
        label = f"Status of {row!r} ({result.message})"
        return verify(result.status, assertion_operator, assertion_expected, label, message)

    @keyword
    def get_row_message(
        self,
        child: ChildRun,
        row: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
    ) -> str:
        """Why a row of the child ended as it did.

        ```robotframework
        ${child} =    Run Child    skipping.robot
        Get Row Message    ${child}    A row that this run cannot serve    contains    GATEWAY_URL
        ```
        """
        return verify(child.row(row).message, assertion_operator, assertion_expected, f"Message of {row!r}", message)

    @keyword
    def get_row_requirement(
        self,
        child: ChildRun,
        row: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
    ) -> str:
        """The requirements that a row of the child counts for, with commas between.

        ```robotframework
        ${child} =    Run Child    failing.robot
        Get Row Requirement    ${child}    An answer that nobody gives is expected    ==    SELF-001
        ```
        """
        requirements = ", ".join(child.row(row).row.requirements)
        return verify(requirements, assertion_operator, assertion_expected, f"Requirements of {row!r}", message)

    @keyword
    def get_status_of_repeated_requests(
        self,
        child: ChildRun,
        row: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """Repeat the requests of a failed row by its `curl.sh`; the HTTP status of the last answer.

        Raises:
            AssertionError: the row left no script, or the script failed.

        ```robotframework
        ${child} =    Run Child    failing.robot
        Get Status Of Repeated Requests    ${child}    An answer that nobody gives is expected    ==    200
        ```
        """
        evidence = child.row(row).evidence
        script = child.folder / (evidence or "") / ".." / "curl.sh"
        if evidence is None or not script.resolve().is_file():
            raise AssertionError(f"The row {row!r} left no curl.sh; its evidence is {evidence}")
        key = current_target().api_key
        process = subprocess.run(  # noqa: S603  (a script that this suite wrote)
            ["/bin/sh", str(script.resolve())],
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT_S,
            check=False,
            env={**os.environ, "GATEWAY_API_KEY": key.value if key else ""},
        )
        logger.info(f"{process.stdout}{process.stderr}")
        statuses = [line.split()[1] for line in process.stdout.splitlines() if line.startswith("HTTP/")]
        if process.returncode or not statuses:
            raise AssertionError(f"curl.sh ended with {process.returncode} and without an answer: {process.stderr}")
        label = "Status of the repeated request"
        return verify(int(statuses[-1]), assertion_operator, assertion_expected, label, message)

    @keyword
    def files_of_child_should_not_contain(self, child: ChildRun, secret: Secret, *, row: str) -> None:
        """Search every file and the output of the run for a secret.

        Args:
            child: the run.
            secret: what must not be there.
            row: a row that sent a secret, as the control: its evidence must show a replacement in the secret's place.

        Raises:
            AssertionError: it was found, or the row was not run or did not send a secret. The message names the files,
                not the secret.

        ```robotframework
        ${child} =    Run Child    failing.robot
        Files Of Child Should Not Contain    ${child}    ${GATEWAY_API_KEY}
        ...    row=An answer that nobody gives is expected
        ```
        """
        sought = secret.value.encode()
        result = child.row(row)
        evidence = child.folder / result.evidence if result.evidence else None
        kept = [path for path in evidence.parent.rglob("*") if path.is_file()] if evidence else []
        if not any(REDACTED in path.read_bytes() for path in kept):
            raise AssertionError(f"The row {row!r} ({result.status}) left no evidence that it sent a secret")
        files = [path for path in child.folder.rglob("*") if path.is_file()]
        found = [str(path.relative_to(child.folder)) for path in files if sought in path.read_bytes()]
        found += [name for name, text in (("stdout", child.stdout), ("stderr", child.stderr)) if secret.value in text]
        logger.info(f"{len(files)} files searched")
        if found:
            raise AssertionError(f"The secret stands in {', '.join(found)}")
