"""Needs that rows and runs lack; a run records its own before its first row, and other skips are unexpected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keywords.hooks.suite_model import root_of, row_of
from keywords.run.needs import UnknownNeedError, lacks_machine_need, missing_needs, needs_to_expect
from keywords.traceability.skips import MISSING_NEED

if TYPE_CHECKING:
    from robot import result, running

TARGET = "Target"
"""Metadata of a suite, or of a folder of suites; `none` says that its rows speak to no server that the run provides."""


def record_missing_needs(data: running.TestCase, result: result.TestCase) -> None:
    """Write the needs of the run's rows that machine or target lack into the metadata of the root suite.

    Args:
        data: the run's first row.
        result: its result.
    """
    needs = {need for test in root_of(data.parent).all_tests for need in row_of(test).needs}
    missing = needs_to_expect(sorted(needs))
    root_of(result.parent).metadata.update({f"{MISSING_NEED}{need}": reason for need, reason in missing.items()})


def lacks_need(test: running.TestCase) -> bool:
    """Whether a need of the row is missing; a need that cannot be checked is left to the start of the row."""
    try:
        return bool(missing_needs(row_of(test).needs))
    except (UnknownNeedError, RuntimeError):
        return False


def needs_target(test: running.TestCase) -> bool:
    """Whether a row may speak to the run's target: its suite does, and the machine has what the row needs."""
    suite = test.parent
    while suite is not None:
        if suite.metadata.get(TARGET) == "none":
            return False
        suite = suite.parent
    return not lacks_machine_need(row_of(test).needs)
