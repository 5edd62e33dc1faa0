"""Measurements that exit criteria ask for: load runs and evaluations of `measurements.db`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from keywords.engine.store.errors import StoreError
from keywords.traceability.register.criteria import Age

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from keywords.engine.load.metrics.levels import LevelResult
    from keywords.engine.store.runs import Run
    from keywords.traceability.matrix.table import Matrix
    from keywords.traceability.register.criteria import Latency, Scores

FILE = "measurements.db"
LIMIT = "Limit "
"""Start of the names under which a run records the limits of the environment that exit criteria name."""
_MET = {"PASS": True, "FAIL": False, "INCONCLUSIVE": None}


@dataclass(frozen=True, slots=True)
class Measurements:
    """What load runs and evaluations left in folders of results.

    Attributes:
        files: `measurements.db` of each folder, whether it is there or not.
        metadata: of the run of the rows, which holds the limits of its environment.
        at_most_days: age beyond which a measurement counts no more; None without a limit.
    """

    files: Sequence[Path]
    metadata: Mapping[str, str]
    at_most_days: int | None = None

    def latency(self, measure: Latency) -> tuple[bool | None, str]:
        """Whether a percentile of a latency is below its limit, and the figure; None if that cannot be told."""
        limit = self.metadata.get(LIMIT + measure.limit)
        if limit is None:
            return None, f"the run of the rows recorded no limit {measure.limit}: set it in variables/"
        try:
            found = self._latest(measure.series)
            if found is None:
                return None, f"no valid load run of series '{measure.series}': {_remedy(measure)}"
            file, run = found
            result = _judge(file, run, f"{measure.metric}_p{measure.percentile} < {limit} s")
        except (StoreError, ValueError) as err:
            return None, str(err)
        if result.value is None:
            return None, f"load run {run.id}: {result.note}"
        day = datetime.fromtimestamp(run.started_at).astimezone()
        began = day.isoformat(" ", "minutes")[:16]
        if self.at_most_days is not None and datetime.now().astimezone() - day > timedelta(days=self.at_most_days):
            return None, f"load run {run.id} of {began} is older than {self.at_most_days} days: {_remedy(measure)}"
        span = f"95 % interval {result.low:.3g} to {result.high:.3g} s"
        return _MET[result.verdict], f"{result.value:.3g} s ({span}), limit {limit} s; load run {run.id} of {began}"

    def scores(self, measure: Scores, today: date) -> tuple[bool | None, str]:
        """Whether each set's lower bound reaches its baseline, and the figures; None if that cannot be told."""
        from keywords.traceability.decision.scores import judge_scores  # noqa: PLC0415  # takes a while to import

        missing = [one.limit for one in measure.baselines if LIMIT + one.limit not in self.metadata]
        if missing:
            return None, f"the run of the rows recorded no limit {', '.join(missing)}: set it in variables/"
        since = datetime.combine(today - timedelta(days=measure.at_most_days), datetime.min.time())
        try:
            limits = {one.set: float(self.metadata[LIMIT + one.limit]) for one in measure.baselines}
            return judge_scores(self.files, self.metadata.get("Model", ""), limits, since)
        except (StoreError, ValueError) as err:
            return None, str(err)

    def _runs(self, kind: str, series: str | None = None) -> list[tuple[Path, Run]]:
        """The runs of all files, in the order of their starts."""
        from keywords.engine.store.database import Store  # noqa: PLC0415  # takes a while to import
        from keywords.engine.store.runs import read_runs  # noqa: PLC0415  # as above

        found: list[tuple[Path, Run]] = []
        for file in dict.fromkeys(self.files):
            if file.is_file():
                with Store(file) as store:
                    found += [(file, run) for run in read_runs(store, kind=kind, series=series)]  # type: ignore[arg-type]  # one of the store's kinds
        return sorted(found, key=lambda one: one[1].started_at)

    def _latest(self, series: str) -> tuple[Path, Run] | None:
        valid = [one for one in self._runs("load", series) if one[1].validity == "VALID" and not one[1].interrupted]
        return valid[-1] if valid else None


def measurements_of(matrix: Matrix, *folders: Path) -> Measurements:
    """What was measured beside a run, or beside each of those that were joined, and in further folders of results."""
    outputs = [Path(output) for output in matrix.run.joined] or [matrix.run.output]
    files = [folder / FILE for folder in (*(output.parent for output in outputs), *folders)]
    days = [one.measure.at_most_days for one in matrix.register.criteria if isinstance(one.measure, Age)]
    return Measurements(tuple(file.resolve() for file in files), matrix.run.metadata, min(days, default=None))


def _remedy(measure: Latency) -> str:
    return f"`qa load --name {measure.series} …` makes one"


def _judge(file: Path, run: Run, expression: str) -> LevelResult:
    from keywords.engine.load.metrics.levels import judge  # noqa: PLC0415  # takes a while to import
    from keywords.engine.load.metrics.summary import Summary  # noqa: PLC0415  # as above
    from keywords.engine.load.service_levels import parse_service_level  # noqa: PLC0415  # as above
    from keywords.engine.load.storage.columns import read_samples  # noqa: PLC0415  # as above

    return judge(Summary(read_samples(file, run.id)), parse_service_level(expression))
