"""Rows, roots and imports in Robot's suite model."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from robot.api import TestSuite
from robot.errors import DataError

from keywords.traceability.rows import Row

if TYPE_CHECKING:
    from pathlib import Path

    from robot import model, running
    from robot.model import TestCase

Suite = TypeVar("Suite", bound="model.TestSuite")


def row_of(test: TestCase) -> Row:
    """The row of a test in Robot's model; tags that were added for Allure are left out."""
    suite = test.parent.full_name if test.parent else ""
    return Row(test.name, suite, tuple(tag for tag in test.tags if not tag.startswith("allure.")))


def root_of(suite: Suite) -> Suite:
    """The outermost suite above a suite, or the suite itself."""
    while suite.parent:
        suite = suite.parent
    return suite


def names_of_suites_around(test: TestCase) -> list[str]:
    """The full names of the suites around a test, its own first."""
    names, suite = [], test.parent
    while suite:
        names.append(suite.full_name)
        suite = suite.parent
    return names


def source_of(root: running.TestSuite) -> Path | None:
    """The path of a root suite; of one that Robot made up for several paths, the first of them."""
    return root.source or next((suite.source for suite in root.suites), None)


def read_rows(suites: Path) -> list[Row]:
    """Read all rows under a folder; Robot ignores folders and files that begin with `_`.

    Raises:
        ValueError: the folder does not exist or holds no suite.
    """
    try:
        suite = TestSuite.from_file_system(suites)
    except DataError as err:
        raise ValueError(f"{suites}: no suites to read: {err.message}; name the folder with --suites") from err
    return [row_of(test) for test in suite.all_tests]


def import_below(suite: running.TestSuite, library: str) -> None:
    """Import a library into every suite below one."""
    for child in suite.suites:
        child.resource.imports.library(library)
        import_below(child, library)
