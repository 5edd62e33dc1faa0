"""The result of `vllm bench serve --save-result`, with samples if `--save-detailed` was given too."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BaseModel, Field, FiniteFloat, StrictStr

from keywords.engine.load.failures import describe
from keywords.engine.load.imported.content import UNKNOWN_VERSION, ImportedFileError, ImportedRun, ImportedStage
from keywords.engine.load.imported.definitions import DEFINITIONS
from keywords.engine.load.imported.figures import Figure
from keywords.engine.load.imported.reading import checked, not_negative, read_json, read_text
from keywords.engine.load.sample import Sample

if TYPE_CHECKING:
    from pathlib import Path

_DATE: Final = "%Y%m%d-%H%M%S"
_DISTRIBUTIONS: Final = ("ttft", "e2el", "tpot", "itl", "e2el_including_client_queue", "client_queue_time")
_STATISTICS: Final = {"mean": "mean", "median": "p50", "std": "std"} | {f"p{p}": f"p{p}" for p in (50, 90, 95, 99)}
_ENDED_AT: Final = "the start is reckoned from `date`, when the result was saved, in this machine's time zone"
_Seconds = Annotated[FiniteFloat, Field(ge=0)]
_Count = Annotated[int, Field(ge=0)]


class _Result(BaseModel):
    date: StrictStr
    backend: StrictStr
    model_id: StrictStr
    duration: Annotated[FiniteFloat, Field(gt=0)]
    completed: _Count
    failed: _Count | None = None
    max_concurrency: Annotated[int, Field(gt=0)] | None = None
    request_rate: FiniteFloat | StrictStr | None = None
    burstiness: FiniteFloat | None = None
    num_prompts: _Count | None = None
    start_times: list[FiniteFloat] | None = None
    ttfts: list[_Seconds] | None = None
    latencies: list[_Seconds] | None = None
    queue_times: list[FiniteFloat] | None = None
    itls: list[list[_Seconds]] | None = None
    input_lens: list[_Count] | None = None
    output_lens: list[_Count] | None = None
    errors: list[str] | None = None


_PER_REQUEST: Final = (
    "start_times",
    "ttfts",
    "itls",
    "errors",
    "input_lens",
    "output_lens",
    "latencies",
    "queue_times",
)
_NEEDED: Final = ("start_times", "ttfts", "itls", "errors")
"""Without these, no sample can be made."""


def is_result(content: Any) -> bool:
    """Whether this is the content of such a result."""
    return isinstance(content, dict) and {"date", "model_id", "duration", "completed", "request_throughput"} <= (
        content.keys()
    )


def read(path: Path) -> ImportedRun:
    """Read a result.

    Raises:
        ImportedFileError: it cannot be used.
    """
    content = read_json(path, read_text(path))
    result = checked(path, _Result, content)
    samples = _samples(path, result)
    figures = _figures(path, content, result)
    read_names = {each.theirs for each in DEFINITIONS["vllm"] if each.ours is not None}
    told = {_metric(name) for name, value in content.items() if isinstance(value, int | float)}
    kept = {*_Result.model_fields, *read_names}
    rate = result.request_rate if isinstance(result.request_rate, float) else None
    return ImportedRun(
        tool="vllm",
        version=UNKNOWN_VERSION,
        files=(path,),
        started_at=_ended_at(path, result.date) - result.duration,
        duration_s=max([result.duration, *(sample.t_done or 0.0 for sample in samples)]),
        stages=(ImportedStage(0.0, result.duration, users=None if rate else result.max_concurrency, rate=rate),),
        samples=samples,
        figures=figures,
        notes=(_ENDED_AT, *_notes(samples)),
        unmapped=tuple(sorted(told - kept)),
        model=result.model_id,
        workload=None if result.input_lens is None else [result.backend, result.input_lens],
        options={
            name: getattr(result, name)
            for name in ("backend", "request_rate", "burstiness", "max_concurrency", "num_prompts")
        },
    )


def _ended_at(path: Path, date: str) -> float:
    try:
        return time.mktime(time.strptime(date, _DATE))
    except (ValueError, OverflowError) as error:
        raise ImportedFileError(f"{path}: date is {date!r}, which is none such as 20261128-153000") from error


def _samples(path: Path, result: _Result) -> tuple[Sample, ...]:
    lists = {name: values for name in _PER_REQUEST if (values := getattr(result, name)) is not None}
    if any(name not in lists for name in _NEEDED):
        return ()
    count = len(lists["start_times"])
    for name, values in lists.items():
        if len(values) != count:
            raise ImportedFileError(
                f"{path}: {name} has {len(values)} values and start_times {count}: they are of different runs"
            )
    failed = sum(1 for error in lists["errors"] if error)
    if (answered := count - failed) != result.completed:
        raise ImportedFileError(f"{path}: completed is {result.completed}, and {answered} requests have no error")
    begun = min(lists["start_times"], default=0.0)
    return tuple(_sample(item, {name: values[item] for name, values in lists.items()}, begun) for item in range(count))


def _sample(item: int, values: dict[str, Any], begun: float) -> Sample:
    sent = values["start_times"] - begun
    sample = Sample(
        item=item,
        kind="vllm",
        t_intended=sent - max(0.0, values.get("queue_times", 0.0)),
        t_queued=sent,
        t_sent=sent,
        prompt_tokens=values.get("input_lens"),
    )
    if values["errors"]:
        sample.error, sample.error_message = "unknown", describe(values["errors"].strip().splitlines()[-1])
        return sample
    sample.t_first_byte = sent + values["ttfts"]
    sample.t_done = sent + values.get("latencies", values["ttfts"] + sum(values["itls"]))
    sample.output_tokens = values.get("output_lens")
    sample.streamed = True
    sample.status = 200
    return sample


def _figures(path: Path, content: dict[str, Any], result: _Result) -> tuple[Figure, ...]:
    figures = []
    for definition in DEFINITIONS["vllm"]:
        name = definition.theirs
        if name in _DISTRIBUTIONS:
            keys = {f"{prefix}_{name}_ms": statistic for prefix, statistic in _STATISTICS.items()}
        else:
            keys = {name: "value"}
        for key, statistic in keys.items():
            if content.get(key) is not None:
                figures.append(definition.figure(statistic, not_negative(path, key, content[key])))
    if result.failed is not None and (ended := result.completed + result.failed):
        figures.append(Figure(0, "failed", "error_rate", "value", result.failed / ended, "1"))
    return tuple(figures)


def _metric(name: str) -> str:
    """The metric of a field such as `p99_ttft_ms`; other fields are their own."""
    prefix, _, rest = name.partition("_")
    return rest.removesuffix("_ms") if prefix in _STATISTICS and name.endswith("_ms") else name


def _notes(samples: tuple[Sample, ...]) -> list[str]:
    if not samples:
        return ["there are no samples: save with --save-detailed, which writes start_times, ttfts, itls and errors"]
    return [
        "ttft_first_content, tpot_excl_first and chunk_gap have no samples, only figures: a chunk may have no text",
    ]
