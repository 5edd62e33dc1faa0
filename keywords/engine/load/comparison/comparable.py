"""Whether two series may be compared at all, and what lessens the worth of doing so."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keywords.engine.load.comparison.series import Series, SeriesRun

_SHOWN = 12
_MOST_NAMED = 3


def reasons_against(first: Series, second: Series, *, across_machines: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Why there is no verdict on two series.

    Args:
        first: what is held against.
        second: what is judged.
        across_machines: whether unlike machines are asked for.

    Returns:
        Reasons for which not even a difference means anything, and reasons for which it is no verdict.
    """
    runs = (*first.runs, *second.runs)
    unlike = [*_unlike_workloads(runs), *_unlike_loads(runs)]
    unfit = [*_unusable(first), *_unusable(second), *_unknown(runs)]
    machines = sorted({run.machine for run in runs} - {""})
    if across_machines:
        unfit.append("it was asked for a difference across machines, which says nothing of the server alone")
    elif len(machines) > 1:
        unlike.append(
            f"the clients ran on unlike machines, {' and '.join(machines)}: measure both on one, or ask for the "
            f"difference with --across-machines"
        )
    return tuple(unlike), tuple(unfit)


def cautions_on(first: Sequence[SeriesRun], second: Sequence[SeriesRun], *, in_turns: bool) -> tuple[str, ...]:
    """What lessens the worth of a verdict, one sentence each."""
    found = []
    if not in_turns:
        found.append(
            "the series were not measured in turns: a change of the machine between them looks like one of the server; "
            "`qa load --against` measures in turns"
        )
    models = sorted({run.model or "an unknown one" for run in (*first, *second)})
    if len(models) > 1:
        found.append(f"they asked different models: {', '.join(models)}")
    return tuple(found)


def _unlike_workloads(runs: Sequence[SeriesRun]) -> Iterator[str]:
    hashes = sorted({run.workload_hash for run in runs if run.workload_hash is not None})
    if len(hashes) > 1:
        shown = " and ".join(each[:_SHOWN] for each in hashes[:_MOST_NAMED])
        yield f"they sent different things (workload hashes {shown}): compare runs of one workload"


def _unlike_loads(runs: Sequence[SeriesRun]) -> Iterator[str]:
    loads = sorted({run.load for run in runs if run.load})
    if len(loads) > 1:
        yield f"their loads differ ({' and '.join(loads[:_MOST_NAMED])}): compare runs of the same users or arrivals"


def _unknown(runs: Sequence[SeriesRun]) -> Iterator[str]:
    for run in runs:
        facts = {"what it sent": run.workload_hash, "its load": run.load, "its machine": run.machine}
        if missing := [name for name, fact in facts.items() if not fact]:
            yield f"run {run.run} does not tell {' and '.join(missing)}, so nobody knows whether the runs are alike"
            return


def _unusable(series: Series) -> Iterator[str]:
    if not series.runs:
        yield f"{series.name} has no load run"
    unfit = [run for run in series.runs if run.problem]
    if unfit:
        rest = f", and {len(unfit) - 1} more of {len(series.runs)} prove nothing" if len(unfit) > 1 else ""
        of_series = "" if series.name == str(unfit[0].run) else f" of {series.name}"
        yield f"run {unfit[0].run}{of_series} {unfit[0].problem}{rest}"
