"""Small projects with registers of their own, copied into the workings of a row that changes and runs them."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from urllib.parse import unquote

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.run.assertions import verify
from keywords.run.child_run import CHILDREN
from keywords.run.output_folder import new_work_folder
from keywords.run.robot_process import ChildRun, run_module

RESULTS = "results"
_LINK = re.compile(r'<a [^>]*href="([^"]*)"')
BUG = """\
id: {id}
title: {title}
status: {status}
severity: {severity}
priority: P2
found: {{day: 2026-11-01, by: A tester, role: quality}}
requirements: [{requirement}]
rows: [{row}]
message: {message}
test_object: commit 1234567890
environment: Linux
steps: Run the row.
expected: It passes.
actual: It fails.
frequency: 3 of 3
evidence: results/evidence
expires: {expires}
history:
  - {{day: 2026-11-01, by: A tester, status: {status}, note: found}}
"""


WAIVER = """\
cap_per_area: 1
waivers:
  - id: WAIV-001
    requirement: {requirement}
    owner: quality
    reason: The fix is on its way.
    bug: {bug}
    added: 2026-11-01
    expires: 2999-12-31
"""


@dataclass(frozen=True, slots=True)
class ChildProject:
    """A copy of a small project.

    Attributes:
        folder: holds `suites`, `resources` and, after a run, `results`.
    """

    folder: Path

    @property
    def results(self) -> Path:
        """Its folder of results."""
        return self.folder / RESULTS


@library(scope="GLOBAL", doc_format="MARKDOWN")
class ChildProjectLibrary:
    """Copy a project of `suites/selftest/_child/`, change it, and run `robot` and `qa` there.

    ```robotframework
    ${project} =    Copy Project    decision
    ${run} =    Run In Project    ${project}    robot    -d    results    suites
    ${check} =    Run In Project    ${project}    qa    check
    ```
    """

    @keyword
    def copy_project(self, name: str, bug: str = "", **fields: str) -> ChildProject:
        """Copy a project into the workings of this row; with a bug, its register holds that one.

        Args:
            name: its folder in `suites/selftest/_child/`.
            bug: the id of a bug.
            fields: fields of the bug: `title`, `status`, `severity`, `requirement`, `row`, `message`, `expires`.

        ```robotframework
        ${project} =    Copy Project    decision    BUG-0042    status=new    message=The text is empty
        ```
        """
        folder = new_work_folder(name) / "project"
        shutil.copytree(CHILDREN / name, folder)
        project = ChildProject(folder)
        if bug:
            given = {
                "title": "The text of an answer is empty",
                "status": "new",
                "severity": "S2",
                "requirement": "DEMO-001",
                "row": "Answers.An answer has a text",
                "message": "text should be",
                "expires": "2999-12-31",
                **fields,
            }
            path = folder / "resources" / "register" / "bugs" / f"{bug}.yaml"
            path.parent.mkdir(exist_ok=True)
            path.write_text(BUG.format(id=bug, **given), encoding="utf-8")
        return project

    @keyword
    def add_waiver(self, project: ChildProject, requirement: str, bug: str) -> None:
        """Allow a release without the proof of a requirement, because of a bug.

        ```robotframework
        Add Waiver    ${project}    DEMO-001    BUG-0042
        ```
        """
        path = project.folder / "resources" / "register" / "waivers.yaml"
        path.write_text(WAIVER.format(requirement=requirement, bug=bug), encoding="utf-8")

    @keyword
    def change_file(self, project: ChildProject, file: str, old: str, new: str) -> None:
        """Replace a text in a file of a project.

        Raises:
            AssertionError: the file does not hold the text.

        ```robotframework
        Change File    ${project}    resources/register/requirements.yaml    is not empty    has three words
        ```
        """
        path = project.folder / file
        text = path.read_text(encoding="utf-8")
        if old not in text:
            raise AssertionError(f"{file} does not hold {old!r}")
        path.write_text(text.replace(old, new), encoding="utf-8")

    @keyword
    def cut_file(self, project: ChildProject, file: str, share: float) -> None:
        """Leave the beginning of a file, as a full disk or a broken transfer would.

        Args:
            project: the project.
            file: its path in the project.
            share: of its bytes that stay, 0 to 1.

        ```robotframework
        Cut File    ${project}    results/output.xml    0.5
        ```
        """
        path = project.folder / file
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * share)])

    @keyword
    def move_folder(self, project: ChildProject, folder: str, to: str) -> None:
        """Move a folder of a project to another place in it.

        ```robotframework
        Move Folder    ${project}    results    elsewhere
        ```
        """
        target = project.folder / to
        target.parent.mkdir(parents=True, exist_ok=True)
        (project.folder / folder).rename(target)

    @keyword
    def run_in_project(self, project: ChildProject, program: str, *arguments: str) -> ChildRun:
        """Run `robot`, `qa` or another program of this environment in the folder of a project.

        Args:
            project: the project.
            program: `robot`, `qa`, or a module of Python such as `pabot.pabot`.
            arguments: its arguments.

        Returns:
            Exit code and output; its results are those in `results`.

        Raises:
            subprocess.TimeoutExpired: it did not end within 60 seconds.

        ```robotframework
        ${check} =    Run In Project    ${project}    qa    check
        Get Exit Code    ${check}    ==    0
        ```
        """
        module = "keywords.qa.cli" if program == "qa" else program
        # No cache folder can be made within a file, so that `qa run` leaves out the Allure page at once.
        environment = {"XDG_CACHE_HOME": __file__, "GATEWAY_URL": ""}
        return run_module(module, *arguments, folder=project.results, environment=environment, cwd=project.folder)

    @keyword
    def get_evidence_folder(self, child: ChildRun, row: str) -> str:
        """The folder of a row's evidence, relative to the project.

        Raises:
            AssertionError: the row left none.

        ```robotframework
        ${evidence} =    Get Evidence Folder    ${run}    An answer has a text
        ```
        """
        evidence = child.row(row).evidence
        if evidence is None:
            raise AssertionError(f"The row {row!r} left no evidence")
        return (Path(RESULTS) / evidence).parent.as_posix()

    @keyword
    def every_link_should_lead_somewhere(self, project: ChildProject, *pages: str) -> None:
        """Verify that each link of some pages leads to a file, or to a place in a page, and none to another machine.

        Args:
            project: the project.
            pages: paths of pages, relative to the project.

        Raises:
            AssertionError: with the dead links; or a page has no link at all, so that nothing was verified.

        ```robotframework
        Every Link Should Lead Somewhere    ${project}    results/index.html
        ```
        """
        for name in pages:
            page = project.folder / name
            text = page.read_text(encoding="utf-8")
            links = [unquote(unescape(link)) for link in _LINK.findall(text)]
            if not links:
                raise AssertionError(f"{name} has no link")
            logger.info(f"{name}: {len(links)} links")
            if dead := [link for link in links if not _leads_somewhere(page, link)]:
                raise AssertionError(f"{name} has links that lead nowhere: {', '.join(dead)}")

    @keyword
    def apply_proposed_change(self, project: ChildProject, bug: str) -> None:
        """Apply the change of a bug that a run proposes, as a person would, by `git apply`.

        Raises:
            AssertionError: there is none, or it does not fit.

        ```robotframework
        Apply Proposed Change    ${project}    BUG-0042
        ```
        """
        patch = project.results / "proposed" / f"{bug}.patch"
        if not patch.is_file():
            raise AssertionError(f"The run proposes no change of {bug}: there is no {patch}")
        # Without these, Git would look for the files in a checkout around the project.
        environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(project.folder.parent)}
        done = subprocess.run(  # noqa: S603  (the patch that the run wrote)
            ["git", "apply", "--verbose", str(patch)],  # noqa: S607
            cwd=project.folder,
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )
        logger.info(f"{done.stdout}{done.stderr}")
        if done.returncode:
            raise AssertionError(f"The proposed change does not fit: {done.stderr}")

    @keyword
    def get_file(
        self,
        project: ChildProject,
        file: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
    ) -> str:
        """The text of a file of a project.

        ```robotframework
        ${text} =    Get File    ${project}    resources/register/bugs/BUG-0042.yaml    contains    status: new
        ```
        """
        text = (project.folder / file).read_text(encoding="utf-8")
        return verify(text, assertion_operator, assertion_expected, f"The text of {file}", message)


def _leads_somewhere(page: Path, link: str) -> bool:
    """Whether a relative link leads to a file that is there, and its anchor to an element of that page."""
    file, _, anchor = link.partition("#")
    target = (page.parent / file).resolve() if file else page
    if not target.is_file():
        return False
    # An anchor that begins with ? is a filter, and Robot's log makes its elements as it is read.
    is_plain = anchor and not anchor.startswith("?") and target.name != "log.html"
    return not is_plain or f'id="{anchor}"' in target.read_text(encoding="utf-8")
