"""Where evaluations of rows are stored and shown: the store of measurements, and a page among the row's evidence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from robot.api import logger
from robot.libraries.BuiltIn import BuiltIn

from keywords.engine.evaluation.pages import write_comparison_page, write_run_page
from keywords.run.output_folder import evidence_folder, output_dir

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keywords.engine.evaluation.comparison import Comparison
    from keywords.engine.evaluation.scores import Score

STORE = "measurements.db"


def store_path() -> Path:
    """The store of measurements: `${MEASUREMENTS}`, or that of the output folder if it is empty."""
    named = BuiltIn().get_variable_value("${MEASUREMENTS}")
    return Path(str(named)) if named else output_dir() / STORE


def show_run(scores: Sequence[Score]) -> None:
    """Write the page of a run among the row's evidence, and name it in the log."""
    path = evidence_folder() / f"evaluation-{scores[0].run.id}.html"
    logger.info(f"Page: {write_run_page(path, scores)}")


def show_comparison(comparison: Comparison, max_drop: float) -> None:
    """Write the page of a comparison among the row's evidence, and name it in the log."""
    path = evidence_folder() / f"comparison-{comparison.first.run.id}-{comparison.second.run.id}.html"
    logger.info(f"Page: {write_comparison_page(path, [comparison], max_drop=max_drop)}")
