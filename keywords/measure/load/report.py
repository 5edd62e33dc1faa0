"""Reports of load runs: in the log, among the evidence, and as a text that a row compares."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.load.calibration import measure_floor
from keywords.engine.load.outcome import report_of
from keywords.engine.load.page.measurements import FILE_END, measurements_of
from keywords.engine.load.page.stored import load_of
from keywords.engine.load.report.page import as_html
from keywords.engine.load.report.text import as_text
from keywords.engine.load.run import LoadRunError
from keywords.engine.load.session import LoadRun
from keywords.engine.redaction.secrets import SECRETS
from keywords.run.assertions import verify
from keywords.run.output_folder import evidence_folder

if TYPE_CHECKING:
    from keywords.engine.load.calibration import Floor

_FLOOR_USERS, _FLOOR_S = 10, 0.15
"""Some 500 requests of one user, so that there is a p99."""
_INTERRUPTED = "it was interrupted"


@library(scope="GLOBAL", doc_format="MARKDOWN")
class LoadReportLibrary:
    """Read the report of a load run as people read it.

    ```robotframework
    ${run} =    Run Load    users=4    duration=5 s
    Get Load Report    ${run}    contains    Calibration floor
    ```
    """

    @keyword
    def get_load_report(
        self,
        run: LoadRun,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
    ) -> str:
        """Get the report as text: stamp, numbers, the server's own metrics, the client, its machine, and remarks.

        Raises:
            AssertionError: the comparison failed.

        ```robotframework
        Get Load Report    ${run}    contains    CPU governor
        ```
        """
        text = SECRETS.clean(as_text(report_of(run, floor=_floor())))
        return verify(text, assertion_operator, assertion_expected, "Report of the load run", message)


def show_report(run: LoadRun) -> bool:
    """Write the report into the log and among the evidence; false if Ctrl-C left it without a calibration."""
    floor, lack = None, "the run was ended early" if run.facts.interrupted else ""
    if not lack:
        try:
            floor = _floor()
        except KeyboardInterrupt:
            lack = _INTERRUPTED
        except (RuntimeError, LoadRunError, OSError) as error:  # the run itself is not the worse for it
            lack = str(error)
    report = report_of(run, remarks=(f"There is no calibration: {lack}.",) if lack else (), floor=floor)
    logger.info(SECRETS.clean(as_html(report)), html=True)
    path = evidence_folder() / f"load run {run.run}.txt"
    path.write_bytes(SECRETS.redact(as_text(report).encode()))
    figures = json.dumps(measurements_of(load_of(run)))
    path.with_name(f"load run {run.run}{FILE_END}").write_bytes(SECRETS.redact(figures.encode()))
    return lack != _INTERRUPTED


@cache
def _floor() -> Floor:
    """The calibration floor, once in a process of Robot: a second for each row would be too much.

    Raises:
        RuntimeError: a request to the scripted backend failed.
        LoadRunError: no client could start.
        KeyboardInterrupt: Ctrl-C or SIGTERM came.
    """
    return measure_floor(_FLOOR_USERS, duration_s=_FLOOR_S)
