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
    machines = sorted({run.machine for run in runs})
    unfit = [*_unusable(first), *_unusable(second)]
    if "" in machines:
        unlike += [] if across_machines else ["the machine of a run is not known, so that nobody can tell them alike"]
    elif len(machines) > 1 and not across_machines:
        unlike.append(
            f"the clients ran on unlike machines, {' and '.join(machines)}: measure both on one, or ask for the "
            f"difference with --across-machines"
        )
    if across_machines:
        unfit.append("it was asked for a difference across machines, which says nothing of the server alone")
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
    hashes = {run.workload_hash for run in runs}
    if None in hashes:
        nameless = next(run.run for run in runs if run.workload_hash is None)
        yield f"run {nameless} has no workload hash, so that nobody knows whether all sent the same"
    elif len(hashes) > 1:
        shown = " and ".join(sorted(str(each)[:_SHOWN] for each in hashes))
        yield f"they sent different things (workload hashes {shown}): compare runs of one workload"


def _unlike_loads(runs: Sequence[SeriesRun]) -> Iterator[str]:
    loads = sorted({run.load for run in runs})
    if "" in loads:
        yield "the load of a run is not known, so that nobody can tell them alike"
    elif len(loads) > 1:
        yield f"their loads differ ({' and '.join(loads[:_MOST_NAMED])}): compare runs of the same users or arrivals"


def _unusable(series: Series) -> Iterator[str]:
    if not series.usable:
        yield f"{series.name} has no usable run"
    for run in series.runs:
        if run.problem:
            yield f"run {run.run} of {series.name} {run.problem}"
