"""Runs of the suites against gateways with a planted defect: whether their rows find it."""

import re
import shlex
import sys
from collections.abc import Sequence

from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.defects.catalogue import DefectName
from keywords.engine.processes.gateway_command import VARIABLE
from keywords.run.child_run import CHILDREN, ChildRun, run_robot
from keywords.traceability.results import NOT_RUN, Result

SUITES = CHILDREN.parent.parent
TIME_LIMIT_S = 120
_BREAKAGE = re.compile(r"(\w+\.)*\w*(Error|Exception|Timeout|Expired): ")
"""Robot's message of an exception that is no verdict begins with the name of its class."""


@library(scope="GLOBAL", doc_format="MARKDOWN")
class PlantedDefectsLibrary:
    """Run the suites' own rows against a gateway that is known to be wrong, and look who notices.

    ```robotframework
    ${child} =    Run Rows Against Defect    any key accepted    KEYS-001
    Requirements Should Have Failed    ${child}    should be '401'    KEYS-001
    ```
    """

    @keyword
    def run_rows_against_defect(self, defect: DefectName, *requirements: str) -> ChildRun:
        """Run all regular rows of some requirements; each gateway that the run starts has the defect.

        Args:
            defect: what is planted; `none` leaves the gateway as it is, and only the wire before it stays.
            requirements: ids of the register.

        Raises:
            subprocess.TimeoutExpired: it did not end within 2 minutes.

        ```robotframework
        ${child} =    Run Rows Against Defect    none    KEYS-001    CHAT-004
        ```
        """
        selected = [option for requirement in requirements for option in ("--include", f"req:{requirement}")]
        return run_robot(
            f"defect-{defect.replace(' ', '-')}",
            *selected,
            *("--exclude", "nightly", "--log", "NONE", "--report", "NONE", str(SUITES)),
            environment={VARIABLE: shlex.join([sys.executable, "-m", "keywords.engine.defects", defect])},
            timeout_s=TIME_LIMIT_S,
        )

    @keyword
    def requirements_should_have_failed(self, child: ChildRun, saying: str, *requirements: str) -> None:
        """Judge whether the rows of each requirement found what is wrong, and said so.

        Args:
            child: a run against a gateway with a defect.
            saying: what the message of a failed row of each requirement has to contain.
            requirements: those that the defect breaks.

        Raises:
            AssertionError: a row was skipped; or of a requirement no row failed, a row broke instead of judging, or
                none says it. A run that the defect
                stopped before its rows counts as failed.

        ```robotframework
        Requirements Should Have Failed    ${child}    should be '401'    KEYS-001    KEYF-002
        ```
        """
        results = child.results()
        if skipped := [f"{one.row.name}: {one.message}" for one in results if one.status == "SKIP"]:
            raise AssertionError(f"Rows are skipped that should find the defect: {'; '.join(skipped)}")
        faults = [
            fault
            for requirement in requirements
            if (fault := _fault([one for one in results if requirement in one.row.requirements], saying))
        ]
        if faults:
            raise AssertionError("\n".join(faults))

    @keyword
    def every_row_should_have_passed(self, child: ChildRun) -> None:
        """Judge a run without a defect.

        Raises:
            AssertionError: with every row that did not pass, or that there was none.

        ```robotframework
        ${child} =    Run Rows Against Defect    none    KEYS-001
        Every Row Should Have Passed    ${child}
        ```
        """
        results = child.results()
        if failed := [f"{one.row.name} ({one.status}): {one.message}" for one in results if one.status != "PASS"]:
            raise AssertionError(f"{len(failed)} of {len(results)} rows did not pass: {'; '.join(failed)}")
        if not results:
            raise AssertionError("No row was run")


def _fault(results: Sequence[Result], saying: str) -> str:
    """Why the rows of a requirement did not find a defect as they should; empty if they did."""
    # A gateway that does not know itself stops the run, and its rows with it.
    messages = {one.row.name: one.message for one in results if one.status in {"FAIL", NOT_RUN}}
    logger.info("\n".join(f"{row}: {message}" for row, message in messages.items()))
    if broken := [f"{row}: {message}" for row, message in messages.items() if _BREAKAGE.match(message)]:
        return f"Rows break where they should judge: {'; '.join(broken)}"
    if any(saying in message for message in messages.values()):
        return ""
    ended = [f"{one.row.name} ({one.status}): {one.message}" for one in results]
    return f"No row fails saying {saying!r}: {'; '.join(ended) or 'none was run'}"
