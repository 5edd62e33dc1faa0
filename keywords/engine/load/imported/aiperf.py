"""AIPerf's export: its summary, and the records that lie beside it."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  # pydantic reads the annotations
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, StrictStr

from keywords.engine.load.imported.aiperf_records import RECORDS_NAME, read_records
from keywords.engine.load.imported.content import UNKNOWN_VERSION, ImportedFileError, ImportedRun, ImportedStage
from keywords.engine.load.imported.definitions import DEFINITIONS
from keywords.engine.load.imported.figures import Figure, figure_of
from keywords.engine.load.imported.reading import checked, not_negative, read_json, read_text

if TYPE_CHECKING:
    from pathlib import Path

    from keywords.engine.load.sample import Sample

SUMMARY_NAME: Final = "profile_export_aiperf.json"
"""AIPerf's own name of the file."""
_SCHEMA: Final = "1"
"""Major version of the summary's schema that this reads."""
_STATISTICS: Final = {"avg": "mean", "min": "min", "max": "max", "std": "std", "count": "n"} | {
    name: name for name in ("p50", "p90", "p95", "p99")
}


class _Summary(BaseModel):
    schema_version: StrictStr
    aiperf_version: StrictStr
    start_time: datetime
    end_time: datetime
    was_cancelled: bool = False


def is_summary(content: Any) -> bool:
    """Whether this is the content of AIPerf's summary."""
    return isinstance(content, dict) and "aiperf_version" in content


def read(path: Path) -> ImportedRun:
    """Read a run from its summary or its records, with the other one if both have AIPerf's own names.

    Raises:
        ImportedFileError: a file cannot be used, or the two are of different runs.
    """
    is_records = path.suffix == ".jsonl"
    records = path if is_records else _beside(path, SUMMARY_NAME, RECORDS_NAME)
    summary = _beside(path, RECORDS_NAME, SUMMARY_NAME) if is_records else path
    content = {} if summary is None else read_json(summary, read_text(summary))
    head = None if summary is None else _head(summary, content)
    figures, unmapped = ((), ()) if summary is None else _figures(summary, content)
    samples: tuple[Sample, ...] = ()
    if head is not None:
        started_at = head.start_time.timestamp()
        duration_s = head.end_time.timestamp() - started_at
    if records is not None:
        started_at, samples = read_records(records)
        duration_s = max(sample.t_done or 0.0 for sample in samples)
    if records is not None and summary is not None:
        _refuse_strangers(summary, records, figures, samples)
    config, asked = content.get("input_config"), _asked(content)
    return ImportedRun(
        tool="aiperf",
        version=UNKNOWN_VERSION if head is None else head.aiperf_version,
        files=tuple(file for file in (summary, records) if file is not None),
        started_at=started_at,
        duration_s=duration_s,
        stages=(_stage(samples, duration_s, asked),),
        samples=samples,
        figures=figures,
        notes=tuple(_notes(records, summary, samples)),
        unmapped=unmapped,
        target=asked.pop("url", None),
        model=asked.pop("model", None),
        workload=config.get("datasets") if isinstance(config, dict) else None,
        options=asked,
        interrupted=head is not None and head.was_cancelled,
    )


def _beside(path: Path, own: str, other: str) -> Path | None:
    """The run's other file, if this one has AIPerf's own name."""
    sibling = path.with_name(other)
    return sibling if path.name == own and sibling.exists() else None


def _head(path: Path, content: Any) -> _Summary:
    head = checked(path, _Summary, content)
    if head.schema_version.partition(".")[0] != _SCHEMA:
        raise ImportedFileError(
            f"{path}: schema_version is {head.schema_version}, and this reads {_SCHEMA}.x; export with AIPerf 0.13"
        )
    return head


def _figures(path: Path, content: dict[str, Any]) -> tuple[tuple[Figure, ...], tuple[str, ...]]:
    """The figures of the summary, and the names of its metrics that are none of ours."""
    metrics = {name: value for name, value in content.items() if isinstance(value, dict) and "avg" in value}
    figures = []
    for definition in DEFINITIONS["aiperf"]:
        told = metrics.get(definition.theirs, {})
        is_one = told.keys() <= {"unit", "avg"}
        for name in _STATISTICS.keys() & told.keys():
            value = not_negative(path, f"{definition.theirs}.{name}", told[name])
            statistic = "value" if is_one else _STATISTICS[name]
            figures.append(definition.figure(statistic, value))
    ours = {each.theirs for each in DEFINITIONS["aiperf"] if each.ours is not None}
    return tuple(figures), tuple(sorted(metrics.keys() - ours))


def _refuse_strangers(summary: Path, records: Path, figures: tuple[Figure, ...], samples: tuple[Sample, ...]) -> None:
    """Refuse two files that tell of different runs."""
    counted = figure_of(figures, "e2e", "n")
    answered = sum(1 for each in samples if each.stage >= 0 and each.error is None and not each.cancelled)
    if counted is not None and counted != answered:
        raise ImportedFileError(
            f"{records}: it has {answered} answered requests, and request_latency.count in {summary.name} beside it is "
            f"{counted:g}: the two are of different runs, or one is cut off"
        )


def _asked(content: dict[str, Any]) -> dict[str, Any]:
    """What AIPerf was asked to do, as far as its summary tells."""
    asked: dict[str, Any] = {}
    config: Any = content.get("input_config")
    try:
        asked["url"] = config["endpoint"]["urls"][0]
        asked["model"] = config["models"]["items"][0]["name"]
        phase = config["phases"][-1]
        asked |= {key: phase[key] for key in ("type", "concurrency", "rate", "duration", "requests") if key in phase}
    except (KeyError, IndexError, TypeError):  # of another version's configuration, without which the numbers stand
        pass
    return {name: value for name, value in asked.items() if isinstance(value, str | int | float)}


def _stage(samples: tuple[Sample, ...], duration_s: float, asked: dict[str, Any]) -> ImportedStage:
    began = min((each.t_sent or 0.0 for each in samples if each.stage == 0), default=0.0)
    users = asked.get("concurrency") if asked.get("type") == "concurrency" else None
    return ImportedStage(began, duration_s, users=users, rate=asked.get("rate"))


def _notes(records: Path | None, summary: Path | None, samples: tuple[Sample, ...]) -> list[str]:
    notes = []
    if records is None:
        notes.append(f"there are no samples: {RECORDS_NAME} does not lie beside the summary under that name")
    else:
        notes.append("ttft_first_byte is not there: AIPerf's records have no such moment")
    if summary is None:
        notes.append(f"AIPerf's version and own figures are missing: {SUMMARY_NAME} does not lie beside the records")
    if any(each.output_tokens and each.tokens_source is None for each in samples):
        notes.append("tokens are those of AIPerf's tokenizer: the records have no usage of the server")
    return notes
