"""Measurements that exit criteria ask for: load runs and evaluations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from keywords.traceability.register.criteria import Latency

FILE = "measurements.db"


@dataclass(frozen=True, slots=True)
class Measurements:
    """What load runs and evaluations left in a folder of results.

    Attributes:
        file: `measurements.db` of the results.
    """

    file: Path

    def latency(self, measure: Latency) -> tuple[bool | None, str]:
        """Whether a percentile of a latency is below its limit, and the figure; None without a load run."""
        return None, f"no load run has measured {measure.metric.upper()}"

    def scores(self) -> tuple[bool | None, str]:
        """Whether each score's lower bound is above its baseline, and the figure; None without an evaluation."""
        return None, "no evaluation has been kept"
