"""Run small suites within a run, to test the suite itself."""

import json
import os
import subprocess
from pathlib import Path

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library
from robot.api.types import Secret

from keywords.engine.redaction.secrets import REDACTED
from keywords.run.assertions import verify
from keywords.run.context import current_target
from keywords.run.encodings import WAYS, ways_of
from keywords.run.output_folder import new_work_folder
from keywords.run.places import SUITES
from keywords.run.robot_process import TIME_LIMIT_S, ChildRun, run_robot
from keywords.traceability.evidence.earlier_run import ALLURE_RESULTS

CHILDREN = SUITES / "selftest" / "_child"
ENDING = ".robot"


@library(scope="GLOBAL", doc_format="MARKDOWN")
class ChildRunLibrary:
    """Run a suite of `suites/selftest/_child/` in a separate process, and check its results.

    The `Get…` keywords return a value; with an operator and an expected value they also verify it.
    """

    @keyword
    def run_child(self, suite: str, *more: str) -> ChildRun:
        """Run suites, attached to the target of this run, with all reports of `qa run`, and wait for their end.

        Each run takes a second of CPU to start: rows that look at runs with the same options share one.

        Args:
            suite: a file or folder in `suites/selftest/_child/`.
            more: further files there, by their ending `.robot`, and options of `robot`.

        Raises:
            subprocess.TimeoutExpired: it did not end within 60 seconds.

        ```robotframework
        ${child} =    Run Child    failing.robot    waiting.robot    --loglevel    TRACE
        ```
        """
        target = current_target()
        key = {"GATEWAY_API_KEY": target.api_key.value if target.api_key else ""}
        folder = new_work_folder(Path(suite).stem)
        reports = ("--xunit", "xunit.xml", "--listener", f"allure_robotframework:{folder / ALLURE_RESULTS}")
        options = [option for option in more if not option.endswith(ENDING)]
        suites = [str(CHILDREN / name) for name in (suite, *more) if name == suite or name.endswith(ENDING)]
        return run_robot(folder, "-v", f"GATEWAY_URL:{target.url}", *reports, *options, *suites, environment=key)

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
        label = f"The status of the row {row!r}"
        return verify(result.status, assertion_operator, assertion_expected, label, message, result.message)

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
        Get Row Requirement    ${child}    An answer that nobody gives is expected    ==    CHAT-002
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
        script = _evidence(child, row) / "curl.sh"
        if not script.is_file():
            raise AssertionError(f"The row {row!r} left no curl.sh in {script.parent}")
        key = current_target().api_key
        process = subprocess.run(  # noqa: S603  (a script that this suite wrote)
            ["/bin/sh", str(script)],
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
    def get_last_failure(
        self,
        child: ChildRun,
        row: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
    ) -> str:
        """Why the last exchange of a row broke off, by its evidence; empty if it did not.

        Raises:
            AssertionError: the row's evidence holds no exchange.

        ```robotframework
        ${child} =    Run Child    waiting.robot
        Get Last Failure    ${child}    A row waits for an answer that never comes    contains    timeout
        ```
        """
        exchanges = sorted(_evidence(child, row).glob("*-exchange.json"))
        if not exchanges:
            raise AssertionError(f"The evidence of {row!r} holds no exchange")
        failure = json.loads(exchanges[-1].read_bytes())["failure"] or ""
        return verify(failure, assertion_operator, assertion_expected, "Failure of the last exchange", message)

    @keyword
    def child_should_keep_secret(self, child: ChildRun, secret: Secret, *, control: str) -> None:
        """Search every file and the output of the run for a secret in every encoding, and for pieces of it.

        Args:
            child: the run.
            secret: what must not be there.
            control: a text without special meaning that was said in the same ways: the same search must find it.

        Raises:
            AssertionError: the secret was found, or the control was not. The message names places, not the secret.

        ```robotframework
        ${child} =    Run Child    repeating.robot
        Child Should Keep Secret    ${child}    ${GATEWAY_API_KEY}    control=no-secret-1A2b3C4d5E
        ```
        """
        places = _places(child)
        if unsaid := set(WAYS) - set(ways_of(control, places)):
            raise AssertionError(
                f"The search proves nothing: nowhere stands {control!r} as {', '.join(sorted(unsaid))}"
            )
        if found := ways_of(secret.value, places):
            shown = "; ".join(f"as {way} in {', '.join(files[:3])} ({len(files)})" for way, files in found.items())
            raise AssertionError(f"The secret stands {shown}")
        logger.info(f"{len(places)} files and streams searched")

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


def _evidence(child: ChildRun, row: str) -> Path:
    evidence = child.row(row).evidence
    if evidence is None:
        raise AssertionError(f"The row {row!r} left no evidence")
    return (child.folder / evidence).resolve().parent


def _places(child: ChildRun) -> dict[str, str]:
    """The text of each file of a run, and of what it printed."""
    files = [path for path in child.folder.rglob("*") if path.is_file()]
    texts = {str(path.relative_to(child.folder)): path.read_bytes().decode("latin-1") for path in files}
    return {**texts, "stdout": child.stdout, "stderr": child.stderr}
