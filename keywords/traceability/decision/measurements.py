"""Measurements that exit criteria ask for: load runs and evaluations of `measurements.db`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from keywords.engine.store.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

    from keywords.engine.load.metrics.levels import LevelResult
    from keywords.engine.store.runs import Run
    from keywords.traceability.register.criteria import Latency, Scores

FILE = "measurements.db"
LIMIT = "Limit "
"""Start of the names under which a run records the limits of the environment that exit criteria name."""
_MET = {"PASS": True, "FAIL": False, "INCONCLUSIVE": None}


@dataclass(frozen=True, slots=True)
class Measurements:
    """What load runs and evaluations left in a folder of results.

    Attributes:
        file: `measurements.db` of the results, whether it is there or not.
        metadata: of the run of the rows, which holds the limits of its environment.
    """

    file: Path
    metadata: Mapping[str, str]

    def latency(self, measure: Latency) -> tuple[bool | None, str]:
        """Whether a percentile of a latency is below its limit, and the figure; None if that cannot be told."""
        limit = self.metadata.get(LIMIT + measure.limit)
        if limit is None:
            return None, f"the run of the rows recorded no limit {measure.limit}: set it in variables/"
        try:
            run = self._latest(measure.series)
            if run is None:
                return None, (
                    f"no valid load run of series '{measure.series}': `qa load --name {measure.series} …` makes one"
                )
            result = self._judge(run, f"{measure.metric}_p{measure.percentile} < {limit} s")
        except (StoreError, ValueError) as err:
            return None, str(err)
        if result.value is None:
            return None, f"load run {run.id}: {result.note}"
        began = datetime.fromtimestamp(run.started_at).astimezone().isoformat(" ", "minutes")[:16]
        span = f"95 % interval {result.low:.3g} to {result.high:.3g} s"
        return _MET[result.verdict], f"{result.value:.3g} s ({span}), limit {limit} s; load run {run.id} of {began}"

    def scores(self, measure: Scores, today: date) -> tuple[bool | None, str]:
        """Whether each set's lower bound reaches its baseline, and the figures; None if that cannot be told."""
        from keywords.traceability.decision.scores import judge_scores  # noqa: PLC0415  # takes a while to import

        missing = [one.limit for one in measure.baselines if LIMIT + one.limit not in self.metadata]
        if missing:
            return None, f"the run of the rows recorded no limit {', '.join(missing)}: set it in variables/"
        since = datetime.combine(today - timedelta(days=measure.at_most_days), time.min)
        try:
            limits = {one.set: float(self.metadata[LIMIT + one.limit]) for one in measure.baselines}
            return judge_scores(self.file, self.metadata.get("Model", ""), limits, since)
        except (StoreError, ValueError) as err:
            return None, str(err)

    def _runs(self, kind: str, series: str | None = None) -> list[Run]:
        if not self.file.is_file():
            return []
        from keywords.engine.store.database import Store  # noqa: PLC0415  # takes a while to import
        from keywords.engine.store.runs import read_runs  # noqa: PLC0415  # as above

        with Store(self.file) as store:
            return read_runs(store, kind=kind, series=series)  # type: ignore[arg-type]  # one of the store's kinds

    def _latest(self, series: str) -> Run | None:
        valid = [run for run in self._runs("load", series) if run.validity == "VALID" and not run.interrupted]
        return valid[-1] if valid else None

    def _judge(self, run: Run, expression: str) -> LevelResult:
        from keywords.engine.load.metrics.levels import judge  # noqa: PLC0415  # takes a while to import
        from keywords.engine.load.metrics.summary import Summary  # noqa: PLC0415  # as above
        from keywords.engine.load.service_levels import parse_service_level  # noqa: PLC0415  # as above
        from keywords.engine.load.storage.columns import read_samples  # noqa: PLC0415  # as above

        return judge(Summary(read_samples(self.file, run.id)), parse_service_level(expression))
