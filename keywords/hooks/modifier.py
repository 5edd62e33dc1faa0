"""Pre-run modifier: refuses a run unless every row names its requirement.

Use: `robot --prerunmodifier keywords.hooks.modifier.RegisterModifier suites`
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from robot.api import SuiteVisitor
from robot.errors import DataError
from robot.utils import escape

from keywords.hooks.suite_files import file_findings
from keywords.hooks.suite_model import row_of
from keywords.traceability.check.rows import row_findings
from keywords.traceability.register.register import load_register
from keywords.traceability.register.yaml_file import RegisterError
from keywords.traceability.rows import allure_tags

if TYPE_CHECKING:
    from robot.running import TestSuite

    from keywords.traceability.register.register import Register

REGISTER = Path("resources/register/requirements.yaml")
"""The register's path, relative to the folder that holds the suites."""


class RegisterModifier(SuiteVisitor):  # type: ignore[misc]  # Robot's base class has no types
    """Checks the tags of all rows against the register, and adds each row's tags for Allure.

    On any finding the run ends with exit code 252 before its first row.
    """

    def start_suite(self, suite: TestSuite) -> None:
        """Check and tag all rows, once, at the root suite.

        Raises:
            DataError: a row or the register itself breaks a rule; each finding is named.
        """
        if suite.parent:
            return
        try:
            enrich(suite, find_register(suite.source))
        except Exception as err:
            # Robot continues after an error in a modifier; without rows it ends with its exit code for bad data.
            suite.suites.clear()
            suite.tests.clear()
            findings = (
                report(err.problems) if isinstance(err, RegisterError) else f"The rows cannot be checked: {err!r}"
            )
            raise DataError(findings) from err


def find_register(source: Path | None) -> Path:
    """The register of a suite: in the nearest folder above it, else below the working directory."""
    above = [folder / REGISTER for folder in source.parents] if source else []
    return next((path for path in above if path.is_file()), REGISTER)


def enrich(suite: TestSuite, path: Path) -> Register:
    """Add tags for Allure to every row of a suite.

    Args:
        suite: the root suite.
        path: the register's file.

    Returns:
        The register.

    Raises:
        RegisterError: a row or the register itself breaks a rule.
    """
    register = load_register(path)
    rows = [row_of(test) for test in suite.all_tests]
    if findings := [*file_findings(_sources(suite)), *row_findings(register, rows)]:
        raise RegisterError(findings)
    for test, row in zip(suite.all_tests, rows, strict=True):
        # Robot resolves variables and backslashes in tags.
        test.tags.add([escape(tag) for tag in allure_tags(row, register)])
    return register


def _sources(suite: TestSuite) -> list[Path]:
    """The files and folders that Robot was given; a root that it made up for several of them has no source."""
    return [suite.source] if suite.source else [child.source for child in suite.suites if child.source]


def report(findings: list[str]) -> str:
    """Format all findings as one message."""
    count = "1 finding" if len(findings) == 1 else f"{len(findings)} findings"
    return "\n".join([f"The rows and the register disagree, {count}:", *(f"- {finding}" for finding in findings)])
