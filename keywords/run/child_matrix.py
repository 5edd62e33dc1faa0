"""Runs of several small suites by `qa run`, and the rows of their matrices."""

import json
from typing import Any

from assertionengine import AssertionOperator
from robot.api.deco import keyword, library

from keywords.run.assertions import verify
from keywords.run.child_run import CHILDREN
from keywords.run.context import current_target
from keywords.run.output_folder import new_work_folder
from keywords.run.robot_process import ChildRun, run_module

_OF_THE_MOMENT = ("elapsed_s", "started")


@library(scope="GLOBAL", doc_format="MARKDOWN")
class ChildMatrixLibrary:
    """Run suites of `suites/selftest/_child/` by `qa run`, and read their matrix.

    ```robotframework
    ${child} =    Run Children    2    failing.robot    skipping.robot
    ${rows} =    Get Matrix Rows    ${child}
    ```
    """

    @keyword
    def run_children(self, processes: int, *suites: str) -> ChildRun:
        """Run suites by `qa run`, attached to the target of this run, without the Allure page.

        Args:
            processes: how many processes share them at most.
            suites: files in `suites/selftest/_child/`.

        Raises:
            subprocess.TimeoutExpired: it did not end within 60 seconds.

        ```robotframework
        ${child} =    Run Children    2    failing.robot    skipping.robot
        ```
        """
        target, folder = current_target(), new_work_folder("children")
        environment = {
            "GATEWAY_API_KEY": target.api_key.value if target.api_key else "",
            # No cache folder can be made within a file, so the Allure page is left out at once.
            "XDG_CACHE_HOME": __file__,
        }
        results = folder / "results"
        options = ("--processes", str(processes), "--outputdir", results, "-v", f"GATEWAY_URL:{target.url}")
        paths = [CHILDREN / suite for suite in suites]
        return run_module("keywords.qa.cli", "run", *options, *paths, folder=results, environment=environment)

    @keyword
    def get_matrix_rows(
        self,
        child: ChildRun,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
    ) -> list[dict[str, Any]]:
        """The rows of the matrix that the run began, without their times.

        ```robotframework
        ${child} =    Run Children    2    failing.robot    skipping.robot
        ${rows} =    Get Matrix Rows    ${child}
        ```
        """
        matrix = json.loads((child.folder / "matrix" / "matrix.json").read_bytes())
        rows = [_lasting(row) for row in matrix["rows"] if row["result"] != "NOT RUN"]
        return verify(rows, assertion_operator, assertion_expected, "The rows of the matrix", message)


def _lasting(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in _OF_THE_MOMENT}
