"""Figures of imported runs as their tool computed them, in the store.

They stand beside the samples where a file has samples, and in their place where it has none. A figure under one of our
names has its unit: seconds, shares from 0 to 1, or what the name says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keywords.engine.store.schema import RUN, Column, Room, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keywords.engine.store.database import Store

FIGURES = Table(
    "imported_figures",
    (
        RUN,
        Column("stage", "INTEGER", "from 0", required=True),
        Column("theirs", "TEXT", "the tool's name of the metric", required=True),
        Column("ours", "TEXT", "our name for it; null if no metric of ours is this"),
        Column(
            "statistic", "TEXT", "mean, min, max, std, n, p50, p90 …, or value where there is only one", required=True
        ),
        Column("value", "REAL", "by our unit under our name, else by the tool's", required=True),
        Column("unit", "TEXT", "of the value", required=True),
    ),
)
IMPORTS_ROOM = Room("imports", version=1, tables=(FIGURES,))


@dataclass(frozen=True, slots=True)
class Figure:
    """One number that another tool computed.

    Attributes:
        stage: index of the stage, from 0.
        theirs: the tool's name of the metric.
        ours: our name for it; None if no metric of ours is this.
        statistic: mean, min, max, std, n, p50, p90 …, or value where there is only one.
        value: in our unit under our name, else in the tool's.
        unit: of the value.
    """

    stage: int
    theirs: str
    ours: str | None
    statistic: str
    value: float
    unit: str


def read_figures(store: Store, run: int) -> list[Figure]:
    """The figures of an imported run; empty for a run of this project.

    Args:
        store: opened with `IMPORTS_ROOM`.
        run: its id.

    Raises:
        StoreError: the file is damaged.
    """
    names = ", ".join(column.name for column in FIGURES.columns[1:])
    rows = store.query(f"SELECT {names} FROM {FIGURES.name} WHERE run = ? ORDER BY rowid", (run,))  # noqa: S608  # declared names
    return [Figure(*row) for row in rows]


def figure_of(figures: Sequence[Figure], metric: str, statistic: str, stage: int = 0) -> float | None:
    """The value of a metric under our name, such as `ttft_first_content` and `p95`; None if the tool gave none."""
    wanted = (stage, metric, statistic)
    return next((each.value for each in figures if (each.stage, each.ours, each.statistic) == wanted), None)
