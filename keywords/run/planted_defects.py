"""Run rows against a gateway with a planted defect, and verify that they find it."""

import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.defects.inside import DefectName
from keywords.engine.processes.gateway_command import VARIABLE, CommandResult
from keywords.run.output_folder import new_work_folder
from keywords.run.places import SUITES
from keywords.run.robot_process import ChildRun, run_robot
from keywords.traceability.results import NOT_RUN, Result

TIME_LIMIT_S = 120
SERVER_TIME_LIMIT_S = 900
_BREAKAGE = re.compile(
    # Robot begins the message of an exception that is no verdict with the name of its class: `IndexError: …`,
    # `httpx2.ReadTimeout: …`, `GatewayRefused: …`.
    r"^(?:\d+\) )?(?:(?:\w+\.)*(?:\w*(?:Error|Exception|Timeout|Expired)|[A-Z]+[a-z0-9]+[A-Z]\w*)(?::|\s*$)"
    # Its own messages for rows and keywords that cannot be executed, and for those that take too long.
    r"|Variable '.*' not found|Resolving variable|Setting variable|Evaluating expression|No keyword with name"
    r"|Multiple keywords with name|Keyword '.*' expected|(?:Test|Task|Keyword) timeout .* exceeded"
    r"|(?:List|Dictionary|Sequence|Mapping|String) '.*' has no |Invalid (?:argument|IF|syntax))",
    re.MULTILINE,
)
"""A breakage in any part of a message, each of which begins a line: setup, teardown, or one of several failures."""


@library(scope="GLOBAL", doc_format="MARKDOWN")
class PlantedDefectsLibrary:
    """Run the suites' own rows against a gateway with a planted defect, and see which of them fail.

    ```robotframework
    ${child} =    Run Rows Against Defect    any key accepted    KEYS-001
    Requirements Should Have Failed    ${child}    '200' (int) should be '401'    KEYS-001
    ```
    """

    @keyword
    def run_rows_against_defect(self, defect: DefectName, *requirements: str) -> ChildRun:
        """Run all regular rows of some requirements against gateways with a defect.

        Args:
            defect: the defect to plant; `none` leaves the gateway as it is, and only adds the wire before it.
            requirements: ids of the register.

        Raises:
            subprocess.TimeoutExpired: it did not end within 2 minutes.

        ```robotframework
        ${child} =    Run Rows Against Defect    none    KEYS-001    CHAT-004
        ```
        """
        selected = [option for requirement in requirements for option in ("--include", f"req:{requirement}")]
        return run_robot(
            new_work_folder(f"defect-{defect.replace(' ', '-')}"),
            *selected,
            *("--exclude", "nightly", "--log", "NONE", "--report", "NONE", str(SUITES)),
            environment={VARIABLE: shlex.join([sys.executable, "-m", "keywords.engine.defects", defect])},
            timeout_s=TIME_LIMIT_S,
        )

    @keyword
    def try_defect_of_a_server(self, defect: str, suites: Path = SUITES) -> CommandResult:
        """Run `qa defects`: all regular rows before a server without a defect, then before one with it.

        Args:
            defect: a name in the catalogue of servers that the rows know by their address only.
            suites: the folder of the rows.

        Returns:
            `rc` and what it printed, `stdout`.

        Raises:
            subprocess.TimeoutExpired: it did not end within 15 minutes.

        ```robotframework
        ${tried} =    Try Defect Of A Server    id constant
        Get Exit Code    ${tried}    ==    0
        ```
        """
        folder = new_work_folder(f"server-{defect.replace(' ', '-')}")
        command = [sys.executable, "-m", "keywords.qa.cli", "defects", defect, "--jobs", "1"]
        command += ["--suites", str(suites), "--to", str(folder)]
        done = subprocess.run(  # noqa: S603  (this interpreter, this project's files)
            command, capture_output=True, text=True, timeout=SERVER_TIME_LIMIT_S, check=False
        )
        logger.info(done.stdout + done.stderr)
        return CommandResult(done.returncode, done.stdout, done.stderr)

    @keyword
    def requirements_should_have_failed(self, child: ChildRun, saying: str, *requirements: str) -> None:
        """Verify that the rows of each requirement fail for the right reason.

        Args:
            child: a run against a gateway with a defect.
            saying: a text in the message of a failed row of each requirement: the value that the defect causes.
            requirements: the requirements that the defect breaks.

        Raises:
            AssertionError: a row was skipped; or no row of a requirement failed, a row broke instead of giving a
                verdict, or no message contains the text. Rows that the defect kept from running count as failed.

        ```robotframework
        Requirements Should Have Failed    ${child}    should be 401, got 200    KEYS-001    KEYF-002
        ```
        """
        results = child.results()
        if skipped := [f"{result.row.name}: {result.message}" for result in results if result.status == "SKIP"]:
            raise AssertionError(f"Rows are skipped that should find the defect: {'; '.join(skipped)}")
        faults = [
            fault
            for requirement in requirements
            if (fault := _fault([result for result in results if requirement in result.row.requirements], saying))
        ]
        if faults:
            raise AssertionError("\n".join(faults))

    @keyword
    def every_row_should_have_passed(self, child: ChildRun) -> None:
        """Verify that a run without a defect passed.

        Raises:
            AssertionError: with every row that did not pass, or that there was none.

        ```robotframework
        ${child} =    Run Rows Against Defect    none    KEYS-001
        Every Row Should Have Passed    ${child}
        ```
        """
        results = child.results()
        if failed := [
            f"{result.row.name} ({result.status}): {result.message}" for result in results if result.status != "PASS"
        ]:
            raise AssertionError(f"{len(failed)} of {len(results)} rows did not pass: {'; '.join(failed)}")
        if not results:
            raise AssertionError("No row was run")


def _fault(results: Sequence[Result], saying: str) -> str:
    """Why the rows of a requirement did not find the defect; empty if they did."""
    # A gateway whose `/health` does not show its instance stops the run before its rows.
    failed = [result for result in results if result.status in {"FAIL", NOT_RUN}]
    logger.info("\n".join(f"{result.row.name}: {result.message}" for result in failed))
    broken = [
        f"{result.row.name}: {result.message}"
        for result in failed
        if _BREAKAGE.search(result.message) and not (result.status == NOT_RUN and saying in result.message)
    ]
    if broken:
        return f"Rows break where they should judge: {'; '.join(broken)}"
    if any(saying in result.message for result in failed):
        return ""
    statuses = [f"{result.row.name} ({result.status}): {result.message}" for result in results]
    return f"No row fails saying {saying!r}: {'; '.join(statuses) or 'none was run'}"
