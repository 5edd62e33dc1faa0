"""Several runs as one: regular and nightly ones, shards, reruns, other environments."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from keywords.traceability.results import Run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keywords.traceability.results import Result

COMMIT = "Commit"
ENVIRONMENT = "Environment"
"""Metadata by which a run names its environment: `robot --metadata Environment:laptop`."""
_OF_GATEWAY = ("Model", "Gateway version")


def join(runs: Sequence[Run]) -> Run:
    """Join runs; the evidence of each row stays where its run left it.

    In one environment, the later result of a row replaces the earlier one, and a row that failed before it passed is
    flaky. Results of different environments stand side by side. One that tells nothing, such as a skip, gives way to
    any that does. Results of another commit than the newest run's are stale.

    Args:
        runs: at least one.
    """
    ordered = sorted(runs, key=lambda run: run.started)
    newest = ordered[-1]
    names = {id(run): environment(run) for run in ordered}
    several = len(set(names.values())) > 1
    held: dict[tuple[int, str], Result] = {}
    for run in ordered:
        for result in run.results:
            place = names[id(run)] if several else ""
            one = replace(result, output=run.output, environment=place, stale=_stale(run, newest))
            key = (result.row.stable_id, place)
            held[key] = _later(held[key], one) if key in held else one
    decided = {row_id for (row_id, _), result in held.items() if _tells(result)}
    results = tuple(result for (row_id, _), result in held.items() if _tells(result) or row_id not in decided)
    metadata: dict[str, dict[str, None]] = {}
    for run in ordered:
        for name, value in run.metadata.items():
            metadata.setdefault(name, {})[value] = None
    return Run(
        newest.output,
        results,
        {**{name: ", ".join(values) for name, values in metadata.items()}, COMMIT: newest.metadata.get(COMMIT, "")},
        newest.started,
        sum(run.elapsed_s for run in ordered),
        tuple(fault for run in ordered for fault in run.afterwards),
        errors=tuple(error for run in ordered for error in run.errors),
        joined=tuple(str(run.output) for run in ordered),
    )


def environment(run: Run) -> str:
    """The name of a run's environment: as the run says, else model and version of the gateway."""
    if named := run.metadata.get(ENVIRONMENT):
        return named
    return ", ".join(run.metadata[name] for name in _OF_GATEWAY if run.metadata.get(name))


def _later(earlier: Result, later: Result) -> Result:
    """The result that counts of two in one environment."""
    if not _tells(later):
        return earlier if _tells(earlier) else later
    if not _tells(earlier):
        return later
    return replace(later, replaced=(*later.replaced, earlier.status, *earlier.replaced))


def _tells(result: Result) -> bool:
    """Whether a result says something of its row: a pass, a failure, or a known bug."""
    return result.status in {"PASS", "FAIL"} or bool(result.known_as)


def _stale(run: Run, newest: Run) -> str:
    own, of_newest = run.metadata.get(COMMIT, ""), newest.metadata.get(COMMIT, "")
    return f"it is of commit {own}, and the newest run is of {of_newest}" if own != of_newest else ""
