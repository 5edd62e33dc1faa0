"""`qa compare`: two runs, or two series of runs, of the same kind; each kind compares its own."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from keywords.qa.project import StorePath, results_folder
from keywords.qa.unusable import exit_unusable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keywords.engine.store.database import Store
    from keywords.engine.store.runs import Run, RunKind


def compare(
    first: Annotated[str, typer.Argument(help="A run by its number, or a series by its name: what is held against.")],
    second: Annotated[str, typer.Argument(help="The other one.")],
    max_drop: Annotated[
        float, typer.Option(min=0, max=0.99, help="Accepted drop of the share of right answers; 0.05 is 5 points.")
    ] = 0.05,
    scorer: Annotated[str, typer.Option(help="The scorer of evaluations; that of the runs if left out.")] = "",
    store: StorePath = None,
    to: Annotated[Path | None, typer.Option(help="The page; in the results if left out.")] = None,
) -> None:
    """Compare two runs, or all runs of two series: what was lost and gained, and whether that can be chance.

    A comparison fails only if the drop is beyond the limit and significant. Exit code 0 PASS, 1 FAIL, 2 if they cannot
    be compared, 3 INCONCLUSIVE. Examples: `qa compare 3 7`, `qa compare before after --max-drop 0.1`.
    """
    from keywords.engine.evaluation.items import DatasetError  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.engine.evaluation.tables import ROOM  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.engine.store.database import Store  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.engine.store.errors import StoreError  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.qa.evaluation.comparing import compare_evaluations  # noqa: PLC0415  # keeps `qa --help` fast

    # One entry for each kind of run that can be compared; a kind names its tables and its comparison.
    comparers: dict[RunKind, Callable[[Store, Sequence[Run], Sequence[Run]], int]] = {
        "evaluation": lambda opened, one, other: compare_evaluations(
            opened, one, other, scorer=scorer, max_drop=max_drop, page=to
        ),
    }
    try:
        with Store(store or results_folder() / "measurements.db", ROOM) as opened:
            runs_first, runs_second = find_runs(opened, first), find_runs(opened, second)
            kinds = {run.kind for run in (*runs_first, *runs_second)}
            if len(kinds) > 1:
                exit_unusable(f"{first} and {second} are of the kinds {', '.join(sorted(kinds))}")
            kind = kinds.pop()
            if kind not in comparers:
                exit_unusable(f"runs of the kind {kind} cannot be compared, only {', '.join(comparers)}")
            code = comparers[kind](opened, runs_first, runs_second)
    except (DatasetError, StoreError) as error:
        exit_unusable(error)
    raise typer.Exit(code)


def find_runs(store: Store, name: str) -> list[Run]:
    """The run of this number, or all runs of this series.

    Raises:
        StoreError: there is none.
    """
    from keywords.engine.store.errors import StoreError  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.engine.store.runs import read_run, read_runs  # noqa: PLC0415  # keeps `qa --help` fast

    if name.isdecimal():
        return [read_run(store, int(name))]
    if found := read_runs(store, series=name):
        return found
    names = dict.fromkeys(run.series for run in reversed(read_runs(store)))
    raise StoreError(f"{store.path} has no series {name}; it has {', '.join(list(names)[:10]) or 'none'}")
