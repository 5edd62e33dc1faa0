"""GuideLLM's report: a stage for each of its benchmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BaseModel, Field, FiniteFloat, StrictInt, StrictStr

from keywords.engine.load.failures import describe
from keywords.engine.load.imported.content import ImportedFileError, ImportedRun, ImportedStage
from keywords.engine.load.imported.definitions import DEFINITIONS
from keywords.engine.load.imported.reading import checked, not_negative, read_json, read_text
from keywords.engine.load.sample import Sample

if TYPE_CHECKING:
    from pathlib import Path

    from keywords.engine.load.imported.figures import Figure

_SCHEMAS: Final = (1, 2)
"""Versions of the report's schema that this reads: those of GuideLLM 0.4 to 0.6, and of 0.7 and 0.8."""
_STATISTICS: Final = {"mean": "mean", "min": "min", "max": "max", "std_dev": "std", "count": "n"}
_PERCENTILES: Final = ("p50", "p90", "p95", "p99")
_Moment = Annotated[FiniteFloat, Field(gt=0)]
_Tokens = Annotated[int, Field(ge=0)]


class _Metadata(BaseModel):
    version: StrictInt
    guidellm_version: StrictStr
    python_version: str = ""
    platform: str = ""


class _Timings(BaseModel):
    targeted_start: _Moment | None = None
    dequeued: _Moment | None = None
    request_start: _Moment | None = None
    first_token_iteration: _Moment | None = None
    last_token_iteration: _Moment | None = None
    token_iterations: _Tokens = 0
    request_end: _Moment | None = None
    resolve_end: _Moment | None = None


class _Info(BaseModel):
    timings: _Timings
    error: str | None = None


class _Usage(BaseModel):
    text_tokens: _Tokens | None = None
    total_tokens: _Tokens | None = None


class _Request(BaseModel):
    request_id: str
    info: _Info
    input_metrics: _Usage
    output_metrics: _Usage


class _Requests(BaseModel):
    successful: list[_Request]
    incomplete: list[_Request]
    errored: list[_Request]


class _Counts(BaseModel):
    successful: _Tokens
    incomplete: _Tokens
    errored: _Tokens


class _SchedulerMetrics(BaseModel):
    measure_start_time: _Moment
    measure_end_time: _Moment
    requests_made: _Counts


class _Benchmark(BaseModel):
    scheduler_metrics: _SchedulerMetrics
    metrics: dict[str, Any]
    requests: _Requests
    config: dict[str, Any] = {}


class _Report(BaseModel):
    metadata: _Metadata
    args: dict[str, Any] = {}
    config: dict[str, Any] = {}
    benchmarks: Annotated[list[_Benchmark], Field(min_length=1)]


def is_report(content: Any) -> bool:
    """Whether this is the content of GuideLLM's report."""
    return (
        isinstance(content, dict)
        and isinstance(content.get("metadata"), dict)
        and "guidellm_version" in content["metadata"]
    )


def read(path: Path) -> ImportedRun:
    """Read a report.

    Raises:
        ImportedFileError: it cannot be used.
    """
    content = read_json(path, read_text(path))
    version = content["metadata"].get("version")
    if version not in _SCHEMAS:
        raise ImportedFileError(
            f"{path}: metadata.version is {version!r}, and this reads 1 and 2; export with GuideLLM 0.8"
        )
    report = checked(path, _Report, content)
    moments = [_begun(request) for benchmark in report.benchmarks for request in _all(benchmark.requests)]
    started_at = min([each.scheduler_metrics.measure_start_time for each in report.benchmarks] + moments)
    samples, notes = _samples(report, started_at)
    figures = [
        figure
        for stage, benchmark in enumerate(report.benchmarks)
        for figure in _figures(path, benchmark.metrics, stage)
    ]
    ended = max(each.scheduler_metrics.measure_end_time for each in report.benchmarks) - started_at
    ours = {each.theirs for each in DEFINITIONS["guidellm"] if each.ours is not None}
    spec = report.config.get("spec")
    asked = report.args or (spec if isinstance(spec, dict) else {})
    backend = asked.get("backend")
    return ImportedRun(
        tool="guidellm",
        version=report.metadata.guidellm_version,
        files=(path,),
        started_at=started_at,
        duration_s=max([ended, *(sample.t_done or 0.0 for sample in samples)]),
        stages=tuple(_stage(benchmark, started_at) for benchmark in report.benchmarks),
        samples=tuple(samples),
        figures=tuple(figures),
        notes=(
            *notes,
            "GuideLLM reads the wall clock: where it was set during the run, times are wrong",
            "ttft_first_byte and chunk_gap are not there: the report has no such moments",
        ),
        unmapped=tuple(sorted({name for each in report.benchmarks for name in each.metrics} - ours)),
        target=_text(asked, "target") or _text(backend, "target"),
        model=_text(asked, "model") or _text(backend, "model"),
        workload=asked.get("data"),
        options={"strategies": [_strategy(benchmark) for benchmark in report.benchmarks]},
        environment={"system": report.metadata.platform, "python": report.metadata.python_version},
    )


def _all(requests: _Requests) -> list[_Request]:
    return [*requests.successful, *requests.incomplete, *requests.errored]


def _begun(request: _Request) -> float:
    times = request.info.timings
    return min(filter(None, (times.targeted_start, times.request_start, times.resolve_end)), default=float("inf"))


def _samples(report: _Report, started_at: float) -> tuple[list[Sample], list[str]]:
    """The samples, or a sentence on why there are none."""
    for number, benchmark in enumerate(report.benchmarks):
        made = benchmark.scheduler_metrics.requests_made
        listed = benchmark.requests
        pairs = (
            (len(listed.successful), made.successful),
            (len(listed.incomplete), made.incomplete),
            (len(listed.errored), made.errored),
        )
        if any(have != want for have, want in pairs):
            have, want = (sum(counts) for counts in zip(*pairs, strict=True))
            return [], [f"there are no samples: benchmarks[{number}] lists only {have} of its {want} requests"]
    samples: list[Sample] = []
    for stage, benchmark in enumerate(report.benchmarks):
        began = benchmark.scheduler_metrics.measure_start_time - started_at
        for kind in ("successful", "incomplete", "errored"):
            for request in getattr(benchmark.requests, kind):
                samples.append(_sample(len(samples), stage, began, kind, request, started_at))
    return samples, []


def _sample(item: int, stage: int, began: float, kind: str, request: _Request, started_at: float) -> Sample:
    times = request.info.timings

    def at(moment: float | None) -> float | None:
        return None if moment is None else moment - started_at

    sent, intended = at(times.request_start), at(times.targeted_start)
    usage = request.output_metrics.total_tokens
    usage = request.output_metrics.text_tokens if usage is None else usage
    chunks = times.token_iterations or None
    sample = Sample(
        item=item,
        kind="guidellm",
        stage=-1 if sent is not None and sent < began else stage,
        # The first one is intended at 0.
        t_intended=intended if intended is not None else sent or 0.0,
        t_queued=at(times.dequeued),
        t_sent=sent,
        t_first_content=at(times.first_token_iteration),
        t_last_content=at(times.last_token_iteration),
        t_done=at(times.request_end) or at(times.resolve_end),
        streamed=times.first_token_iteration is not None,
        cancelled=kind == "incomplete",
        prompt_tokens=request.input_metrics.total_tokens,
        output_tokens=chunks if usage is None else usage,
        text_chunks=chunks or 0,
        request_id=request.request_id,
    )
    if sample.output_tokens is not None:
        sample.tokens_source = "chunks" if usage is None else "usage"
    if kind == "errored":
        sample.error, sample.error_message = "unknown", describe(request.info.error or "")
    return sample


def _figures(path: Path, metrics: dict[str, Any], stage: int) -> list[Figure]:
    figures = []
    for definition in DEFINITIONS["guidellm"]:
        summary = metrics.get(definition.theirs)
        told = summary.get("successful") if isinstance(summary, dict) else None
        if not isinstance(told, dict):
            continue
        percentiles = told.get("percentiles")
        values = {_STATISTICS[name]: told[name] for name in _STATISTICS if name in told}
        if isinstance(percentiles, dict):
            values |= {name: percentiles[name] for name in _PERCENTILES if name in percentiles}
        for statistic, value in values.items():
            field = f"benchmarks[{stage}].metrics.{definition.theirs}.successful: {statistic}"
            figures.append(definition.figure(statistic, not_negative(path, field, value), stage))
    return figures


def _stage(benchmark: _Benchmark, started_at: float) -> ImportedStage:
    strategy = benchmark.config.get("strategy")
    streams = strategy.get("streams") if isinstance(strategy, dict) else None
    rate = strategy.get("rate") if isinstance(strategy, dict) else None
    metrics = benchmark.scheduler_metrics
    return ImportedStage(
        metrics.measure_start_time - started_at,
        metrics.measure_end_time - started_at,
        users=streams if isinstance(streams, int) else None,
        rate=float(rate) if isinstance(rate, int | float) else None,
    )


def _strategy(benchmark: _Benchmark) -> str | None:
    strategy = benchmark.config.get("strategy")
    return _text(strategy, "kind") or _text(strategy, "type_")


def _text(content: Any, name: str) -> str | None:
    value = content.get(name) if isinstance(content, dict) else None
    return value if isinstance(value, str) else None
