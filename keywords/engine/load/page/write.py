"""Writing of the page of one load run, or of the points of a sweep."""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from keywords.engine.charts.colours import STYLE
from keywords.engine.load.errors import ServiceLevelError
from keywords.engine.load.imported.reporting import import_report
from keywords.engine.load.imported.storing import imported_from
from keywords.engine.load.metrics.definitions import DEFINITIONS
from keywords.engine.load.outcome import verdict_by
from keywords.engine.load.page.charts import charts_across, charts_of
from keywords.engine.load.page.command import command_of
from keywords.engine.load.page.stored import StoredLoad, axes_of, load_name, read_load
from keywords.engine.load.page.story import levels_told, story_across, story_of
from keywords.engine.load.report.build import build_report
from keywords.engine.load.report.client import environment_table
from keywords.engine.load.report.server import server_table
from keywords.engine.load.service_levels import parse_service_level
from keywords.engine.pages.render import write_page

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keywords.engine.load.metrics.cost import Price
    from keywords.engine.load.report.content import Report, ReportTable
    from keywords.engine.load.service_levels import ServiceLevel

_TEMPLATES: Final = Path(__file__).with_name("templates")
_WORST: Final = ("FAIL", "INCONCLUSIVE", "PASS")
_OTHER_NAMES: Final = {
    "chunk_gap": "Seconds between two chunks with text of one answer; a chunk may hold several tokens.",
    "rps": "Whole answers that ended within the stage, per second of it.",
    "total_output_tokens_per_s": "Output tokens that arrived within the stage, per second of it, of all answers.",
    "error rate": "Failed requests of all that ended; those that the end of the run cancelled are neither.",
    "goodput": "Requests that hold every level of a request, per second; failed ones hold none.",
    "failures ∞": "The same percentile with each failed request as infinite; service levels are judged by it.",
    "n too small": "So few values have no such percentile: p50 needs 5, p90 29, p95 59, p99 299.",
}
_NOT_STORED = (
    "Made from the store: cautions that need the texts, the calibration floor and MLPerf's rules stand only in the "
    "report that was made when the run was measured."
)


@dataclass(frozen=True, slots=True)
class ReportedLoad:
    """A load run with its report.

    Attributes:
        load: from the store.
        report: its tables and remarks.
        levels: that it had to hold.
        price: of the model; None if it has none.
    """

    load: StoredLoad
    report: Report = field(repr=False)
    levels: tuple[ServiceLevel, ...] = ()
    price: Price | None = None

    @property
    def verdict(self) -> tuple[str, str]:
        """PASS, FAIL or INCONCLUSIVE, and why."""
        run = self.load.run
        reasons = () if run.validity == "VALID" else run.reasons or ("it was not judged",)
        return verdict_by(self.load.summary, reasons, self.levels, self.price)


def report_stored(
    store: Path, run: int, *, levels: Sequence[ServiceLevel] = (), price: Price | None = None
) -> ReportedLoad:
    """A load run of the store with a report that is made now.

    Args:
        store: its file.
        run: its id.
        levels: to judge; those that it was measured with if left out.
        price: of the model; None if it has none.

    Raises:
        NoLoadRunError: it is no load run.
        StoreError: there is no such run, or the store cannot be read.
    """
    load = read_load(store, run)
    chosen = tuple(levels) or _levels_of(load)
    if imported_from(load.run) is not None:
        return ReportedLoad(load, import_report(store, run), chosen, price)
    pages_at = sorted({each.at_s for each in load.signals})
    beside = (server_table(load.signals, pages_at), environment_table(load.run.environment))
    report = build_report(
        load.summary,
        load.run,
        levels=chosen,
        price=price,
        stages=load.stages,
        remarks=(_NOT_STORED,),
        beside=[table for table in beside if table is not None],
    )
    return ReportedLoad(load, report, chosen, price)


def write_load_page(path: Path, runs: Sequence[ReportedLoad], *, lead: str = "", verdict: str = "") -> Path:
    """Write the page of load runs: of one, or of several that belong together.

    Args:
        path: the file; its folder is made.
        runs: at least one, in the order in which they were measured.
        lead: a sentence above all, such as the result of a search.
        verdict: of all runs together, such as that of a search; the worst one's if left out.

    Raises:
        OSError: the file cannot be written.
    """
    loads = [run.load for run in runs]
    verdicts = [run.verdict for run in runs]
    worst = next(each for each in _WORST if each in {each for each, _ in verdicts})
    stamps = dict.fromkeys(run.report.stamp for run in runs)
    first = loads[0].run
    axes, names = axes_of(loads), _names(loads)
    title = f"Load run {first.id}" if len(runs) == 1 else f"{len(runs)} load runs"
    return write_page(
        path,
        _TEMPLATES,
        "load.html",
        title=f"{title}: {first.series if len(runs) == 1 else _common(loads)}",
        eyebrow="LLM gateway, load",
        pills=[*stamps, verdict or worst],
        lead=lead,
        reasons=[
            reason if len(runs) == 1 else f"Run {run.load.run.id}: {reason}"
            for run in runs
            for reason in run.report.reasons
        ],
        why=[] if verdict else [sentence for run in runs for sentence in _why(run)],
        swept=", ".join(f"{name}: {', '.join(f'{one:g}' for one in values)}" for name, values in axes.items()),
        parts=[_part(run, name, each) for run, name, (each, _) in zip(runs, names, verdicts, strict=True)],
        overview=list(story_across(loads, names)) if len(loads) > 1 else [],
        across=[chart.as_figure() for chart in charts_across(loads, runs[0].levels)],
        definitions=list(_definitions(runs)),
        chart_style=STYLE,
    )


def _common(loads: Sequence[StoredLoad]) -> str:
    """What the names of the series begin with."""
    names = [load.run.series.split() for load in loads]
    same = [words[0] for words in zip(*names, strict=False) if len(set(words)) == 1]
    return " ".join(same) or "several series"


def _why(run: ReportedLoad) -> Iterator[str]:
    """Why a run that is worth believing is no PASS."""
    verdict, why = run.verdict
    if run.report.stamp != "VALID" or verdict == "PASS":
        return
    told = [text for each, text in levels_told(run.load, run.levels, run.price) if each == verdict] or [why]
    yield from (f"Run {run.load.run.id}: {text}" for text in told)


def _names(loads: Sequence[StoredLoad]) -> list[str]:
    """What tells the runs apart: their series, or their load where several have one series."""
    series = [load.run.series for load in loads]
    if len(set(series)) == len(series):
        return series
    return [f"{load.run.series} at {', '.join(map(load_name, load.stages)) or 'unknown load'}" for load in loads]


def _part(run: ReportedLoad, name: str, verdict: str) -> dict[str, Any]:
    row = run.load.run
    return {
        "id": row.id,
        "series": name,
        "stamp": run.report.stamp,
        "verdict": verdict,
        "story": story_of(run.load, run.levels, run.price),
        "charts": [chart.as_figure() for chart in charts_of(run.load, run.levels)],
        "tables": [_table(table) for table in run.report.tables],
        "remarks": run.report.remarks,
        "facts": run.report.facts,
        "command": command_of(row),
        "options": json.dumps(dict(row.options), indent=1, ensure_ascii=False),
    }


def _table(table: ReportTable) -> dict[str, Any]:
    numeric = [bool(place) and table.holds_numbers(place) for place in range(len(table.head))]
    return {"title": table.title, "head": table.head, "rows": table.rows, "numeric": numeric}


def _definitions(runs: Sequence[ReportedLoad]) -> Iterator[tuple[str, str]]:
    """What the names in the tables mean, each as its function says it."""
    shown = {cell for run in runs for table in run.report.tables for row in (table.head, *table.rows) for cell in row}
    for name, function in DEFINITIONS.items():
        if name in shown:
            yield name, " ".join((inspect.getdoc(function) or "").split())
    for name, text in _OTHER_NAMES.items():
        if name in shown or any(cell.endswith(name) for cell in shown):
            yield name, text


def _levels_of(load: StoredLoad) -> tuple[ServiceLevel, ...]:
    """The levels that the run was measured with."""
    try:
        return tuple(parse_service_level(text) for text in load.run.options.get("levels") or ())
    except ServiceLevelError:  # of an older program
        return ()
