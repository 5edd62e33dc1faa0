"""Metrics that are compared, with their direction and their practical threshold; the data stand in `metrics.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Scale = Literal["ratio", "difference"]
Better = Literal["lower", "higher"]


@dataclass(frozen=True, slots=True)
class ComparedMetric:
    """A metric of which each load run has one figure.

    Attributes:
        name: short, such as `e2e_p95`.
        of: a metric of `metrics.definitions`, `rps` or `error_rate`.
        scale: whether shifts are relative, or in the metric's own unit.
        better: which way is better.
        threshold: a shift of no more is no practical difference; 0.05 is 5 % on the scale of ratios.
        statistic: percentile of the requests, 1 to 99; None for a figure of the whole run.
    """

    name: str
    of: str
    scale: Scale
    better: Better
    threshold: float
    statistic: int | None = None

    @property
    def unit(self) -> str:
        """Unit of its figures: s, 1/s, or nothing for a share."""
        return {"rps": "1/s", "error_rate": ""}.get(self.of, "s")

    @property
    def worse(self) -> int:
        """1 if a higher figure is worse, -1 if a lower one is."""
        return 1 if self.better == "lower" else -1


def _read() -> Mapping[str, ComparedMetric]:
    tables = tomllib.loads(Path(__file__).with_name("metrics.toml").read_text(encoding="utf-8"))
    return {name: ComparedMetric(name, **fields) for name, fields in tables.items()}


METRICS: Final[Mapping[str, ComparedMetric]] = _read()
"""All of them by name, in the order of the file."""
