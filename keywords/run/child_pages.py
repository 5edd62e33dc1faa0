"""What the `qa` commands say about a small run within a run, and outputs that `rebot` merges from two of them."""

from dataclasses import replace
from typing import Literal

from robot.api.deco import keyword, library

from keywords.run.child_run import CHILDREN
from keywords.run.robot_process import ChildRun, run_module

QaCommand = Literal["check", "matrix"]


@library(scope="GLOBAL", doc_format="MARKDOWN")
class ChildPagesLibrary:
    """Ask the `qa` commands about runs of `suites/selftest/_child/`.

    ```robotframework
    ${child} =    Run Child    unexplained_skip.robot
    ${check} =    Run Qa Command    check    ${child}    unexplained_skip.robot
    Get Output    ${check}    stderr    contains    was skipped
    ```
    """

    @keyword
    def run_qa_command(self, command: QaCommand, child: ChildRun, suite: str) -> ChildRun:
        """Run `qa check` or `qa matrix` on the output of a run, with the rows of its suite only.

        The register is the project's, so the requirements of all other suites count as uncovered. These findings are
        left out of the result.

        Args:
            command: the command.
            child: the run.
            suite: its file in `suites/selftest/_child/`.

        Returns:
            Exit code, standard output and standard error of the command; the folder is the run's.

        Raises:
            subprocess.TimeoutExpired: it did not end within 60 seconds.

        ```robotframework
        ${child} =    Run Child    failing.robot
        ${matrix} =    Run Qa Command    matrix    ${child}    failing.robot
        Get Output    ${matrix}    stdout    contains    1 fails
        ```
        """
        output, rows = child.folder / "output.xml", CHILDREN / suite
        done = run_module("keywords.qa.cli", command, "--output", output, "--suites", rows, folder=child.folder)
        lines = [line for line in done.stderr.splitlines() if not line.startswith("finding: requirement ")]
        return replace(done, stderr="\n".join(lines))

    @keyword
    def merge_children(self, first: ChildRun, second: ChildRun) -> ChildRun:
        """Merge the outputs of two runs of one suite with `rebot --merge`: results of the second replace the first's.

        Raises:
            subprocess.TimeoutExpired: it did not end within 60 seconds.

        ```robotframework
        ${first} =    Run Child    changing.robot    -v    ANSWER:wrong
        ${second} =    Run Child    changing.robot    -v    ANSWER:right
        ${merged} =    Merge Children    ${first}    ${second}
        ```
        """
        folder = first.folder.with_name(f"{first.folder.name}-merged")
        outputs = [run.folder / "output.xml" for run in (first, second)]
        options = ["--merge", "--outputdir", str(folder), "--output", "output.xml"]
        return run_module("robot.rebot", *options, *outputs, folder=folder)
