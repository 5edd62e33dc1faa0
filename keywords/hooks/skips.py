"""Record of the needs that a run lacks, made before its first row: other skips are unexpected."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from keywords.hooks.suite_model import row_of
from keywords.run.needs import needs_to_expect
from keywords.traceability.skips import MISSING_NEED

if TYPE_CHECKING:
    from robot import model, result, running

Suite = TypeVar("Suite", bound="model.TestSuite")


def record_missing_needs(data: running.TestCase, result: result.TestCase) -> None:
    """Write the needs of the run's rows that machine or target lack into the metadata of the root suite.

    Args:
        data: the run's first row.
        result: its result.
    """
    needs = {need for test in _root(data.parent).all_tests for need in row_of(test).needs}
    missing = needs_to_expect(sorted(needs))
    _root(result.parent).metadata.update({f"{MISSING_NEED}{need}": reason for need, reason in missing.items()})


def _root(suite: Suite) -> Suite:
    while suite.parent:
        suite = suite.parent
    return suite
