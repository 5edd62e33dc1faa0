"""`qa compare`: two runs, or two series of runs, of the same kind; each kind compares its own."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from keywords.qa.load.comparing import compare_loads, read_baseline_named, read_series_of
from keywords.qa.project import StorePath  # noqa: TC001  # typer reads the annotations
from keywords.qa.stored import find_runs, open_store
from keywords.qa.unusable import exit_unusable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keywords.engine.load.comparison.series import Series
    from keywords.engine.store.database import Store
    from keywords.engine.store.runs import Run, RunKind

_BASELINE = "baseline:"


def compare(
    first: Annotated[
        str,
        typer.Argument(
            help="What is held against: a run by its number, several such as 3,5,7, a series by its name, or, of load "
            "runs, baseline:NAME."
        ),
    ],
    second: Annotated[str, typer.Argument(help="The other one, which is judged.")],
    max_drop: Annotated[
        float, typer.Option(min=0, max=0.99, help="Accepted drop of the share of right answers; 0.05 is 5 points.")
    ] = 0.05,
    scorer: Annotated[str, typer.Option(help="The scorer of evaluations; that of the runs if left out.")] = "",
    across_machines: Annotated[  # noqa: FBT002
        bool,
        typer.Option(
            "--across-machines", help="Show the difference of load runs of unlike machines, without a verdict."
        ),
    ] = False,
    store: StorePath = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to", "--report", help="The page; of evaluations in the results if left out, of load runs none then."
        ),
    ] = None,
) -> None:
    """Compare two runs, or all runs of two series: what was lost and gained, and whether that can be chance.

    Evaluations fail only if the drop is beyond the limit and significant, of all items or of one set; they pass only if
    the items exclude a drop beyond it. Load runs are FASTER, SLOWER, SAME or INCONCLUSIVE, and SLOWER fails:
    docs/COMPARING.md. Exit code 0 PASS, 1 FAIL, 2 if they cannot be compared, 3 INCONCLUSIVE. Examples:
    `qa compare 3 7`, `qa compare before after --max-drop 0.1`, `qa compare baseline:main pr`.
    """
    from keywords.engine.evaluation.items import DatasetError  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.engine.load.comparison.series import SeriesError  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.engine.store.errors import StoreError  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.qa.evaluation.comparing import compare_evaluations  # noqa: PLC0415  # keeps `qa --help` fast

    # One entry for each kind of run that can be compared; a kind names its tables and its comparison.
    comparers: dict[RunKind, Callable[[Store, Sequence[Run], Sequence[Run]], int]] = {
        "evaluation": lambda opened, one, other: compare_evaluations(
            opened, one, other, scorer=scorer, max_drop=max_drop, page=to
        ),
        "load": lambda opened, one, other: compare_loads(
            read_series_of(opened.path, first, one),
            read_series_of(opened.path, second, other),
            across_machines=across_machines,
            page=to,
        ),
    }
    try:
        if _BASELINE in {first[: len(_BASELINE)], second[: len(_BASELINE)]}:
            sides = [_load_series(store, name) for name in (first, second)]
            code = compare_loads(sides[0], sides[1], across_machines=across_machines, page=to)
        else:
            with open_store(store) as opened:
                runs_first, runs_second = find_runs(opened, first), find_runs(opened, second)
                kinds = {run.kind for run in (*runs_first, *runs_second)}
                if len(kinds) > 1:
                    exit_unusable(f"{first} and {second} are of the kinds {', '.join(sorted(kinds))}")
                kind = kinds.pop()
                if kind not in comparers:
                    exit_unusable(f"runs of the kind {kind} cannot be compared, only {', '.join(comparers)}")
                if kind == "load" and (shared := {run.id for run in runs_first} & {run.id for run in runs_second}):
                    exit_unusable(f"run {min(shared)} is on both sides, and would be compared with itself")
                code = comparers[kind](opened, runs_first, runs_second)
    except (DatasetError, SeriesError, StoreError) as error:
        exit_unusable(error)
    except OSError as error:
        exit_unusable(f"the page cannot be written ({error.strerror or error}): name another file with --report")
    raise typer.Exit(code)


def _load_series(store: Path | None, name: str) -> Series:
    if name.startswith(_BASELINE):
        return read_baseline_named(name.removeprefix(_BASELINE))
    with open_store(store) as opened:
        return read_series_of(opened.path, name, find_runs(opened, name))
