"""Listener that gives each row its written tags back at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from robot.api import logger

from keywords.hooks.suite_model import row_of
from keywords.traceability.rows import CADENCES

if TYPE_CHECKING:
    from robot import result, running

_FAMILIES = ("req:", "kind:", "needs:")


class TagKeeper:
    """Acts at a row's end after all other listeners, Allure's included, and before Robot writes the row's result.

    The tags for Allure leave the log. A row counts for the requirements that it was written with: `Set Tags` and
    `Remove Tags` change nothing about these, since the suites were checked as they are written.
    """

    ROBOT_LISTENER_API_VERSION = 3
    ROBOT_LISTENER_PRIORITY = -100

    def __init__(self) -> None:
        self._written: tuple[str, ...] = ()

    def start_test(self, data: running.TestCase, result: result.TestCase) -> None:  # noqa: ARG002  # Robot's signature
        """Remember the row's tags; those of the result may have been changed by a suite setup."""
        self._written = row_of(data).tags

    def end_test(self, data: running.TestCase, result: result.TestCase) -> None:  # noqa: ARG002  # Robot's signature
        """Restore them."""
        added = [tag for tag in row_of(result).tags if tag not in self._written]
        if refused := [tag for tag in added if tag.startswith(_FAMILIES) or tag in CADENCES]:
            logger.warn(f"Row '{result.full_name}' set {', '.join(refused)} while it ran: write it in its [Tags]")
        # `Tags.remove` takes patterns, and a title may look like one.
        result.tags = [*self._written, *(tag for tag in added if tag not in refused)]
