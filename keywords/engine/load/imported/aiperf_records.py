"""AIPerf's records as samples: `profile_export.jsonl`, one line a request."""

from __future__ import annotations

from array import array
from itertools import accumulate
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BaseModel, Field, FiniteFloat, StrictInt, StrictStr

from keywords.engine.load.failures import describe
from keywords.engine.load.imported.content import ImportedFileError, failure_of
from keywords.engine.load.imported.reading import checked, read_json, read_text
from keywords.engine.load.sample import Sample

if TYPE_CHECKING:
    from pathlib import Path

_MS, _NS = 1e-3, 1e-9
_NotNegative = Annotated[FiniteFloat, Field(ge=0, le=1e12)]
"""Milliseconds or tokens; 1e12 ms are 30 years."""


class _Number(BaseModel):
    value: _NotNegative


class _Numbers(BaseModel):
    value: list[_NotNegative]


class _Metrics(BaseModel):
    time_to_first_token: _Number | None = None
    request_latency: _Number | None = None
    inter_chunk_latency: _Numbers | None = None
    usage_completion_tokens: _Number | None = None
    usage_prompt_tokens: _Number | None = None
    output_sequence_length: _Number | None = None
    input_sequence_length: _Number | None = None


class _Metadata(BaseModel):
    request_start_ns: Annotated[StrictInt, Field(gt=0)]
    request_end_ns: StrictInt
    credit_issued_ns: StrictInt | None = None
    benchmark_phase: StrictStr
    was_cancelled: bool = False
    x_request_id: str | None = None


class _Error(BaseModel):
    code: int | None = None
    type: str | None = None
    message: str


class _Record(BaseModel):
    metadata: _Metadata
    metrics: _Metrics
    error: _Error | None = None


def is_record(content: Any) -> bool:
    """Whether this is the content of a line of AIPerf's records."""
    return isinstance(content, dict) and {"metadata", "metrics"} <= content.keys()


def read_records(path: Path) -> tuple[float, tuple[Sample, ...]]:
    """The start of a run, in seconds since the epoch, and its samples, whose times begin there.

    Raises:
        ImportedFileError: the file has no record, or one that cannot be used.
    """
    records = [
        (number, checked(path, _Record, read_json(path, line, line=number), line=number))
        for number, line in enumerate(read_text(path).splitlines(), start=1)
        if line.strip()
    ]
    if not records:
        raise ImportedFileError(f"{path}: it has no record; export the run again")
    for number, record in records:
        if record.metadata.request_end_ns < record.metadata.request_start_ns:
            raise ImportedFileError(f"{path}:{number}: metadata.request_end_ns lies before metadata.request_start_ns")
    begun_ns = min(record.metadata.request_start_ns for _, record in records)
    return begun_ns * _NS, tuple(_sample(item, record, begun_ns) for item, (_, record) in enumerate(records))


def _sample(item: int, record: _Record, begun_ns: int) -> Sample:
    head, metrics = record.metadata, record.metrics
    sent_s = (head.request_start_ns - begun_ns) * _NS
    sample = Sample(
        item=item,
        kind="aiperf",
        stage=-1 if head.benchmark_phase == "warmup" else 0,
        t_intended=sent_s if head.credit_issued_ns is None else (head.credit_issued_ns - begun_ns) * _NS,
        t_queued=sent_s,
        t_sent=sent_s,
        t_done=(head.request_end_ns - begun_ns) * _NS,
        cancelled=head.was_cancelled,
        request_id=head.x_request_id,
    )
    if record.error is not None:
        told = record.error
        sample.status, sample.error = failure_of(told.code)
        sample.error_message = describe(": ".join(filter(None, (told.type, told.message))))
        return sample
    if not head.was_cancelled:
        sample.status = 200
    _add_times(sample, metrics, sent_s)
    completion, prompt = metrics.usage_completion_tokens, metrics.usage_prompt_tokens
    sample.output_tokens = _count(completion or metrics.output_sequence_length)
    sample.prompt_tokens = _count(prompt or metrics.input_sequence_length)
    sample.tokens_source = None if completion is None else "usage"
    return sample


def _add_times(sample: Sample, metrics: _Metrics, sent_s: float) -> None:
    if metrics.time_to_first_token is not None:
        gaps = [] if metrics.inter_chunk_latency is None else metrics.inter_chunk_latency.value
        offsets = accumulate((metrics.time_to_first_token.value, *gaps))
        sample.streamed = True
        sample.chunk_times = array("d", (sent_s + offset * _MS for offset in offsets))
        sample.text_chunks = len(sample.chunk_times)
        sample.t_first_content, sample.t_last_content = sample.chunk_times[0], sample.chunk_times[-1]
    if metrics.request_latency is not None:
        sample.t_done = sent_s + metrics.request_latency.value * _MS


def _count(number: _Number | None) -> int | None:
    return None if number is None else int(number.value)


RECORDS_NAME: Final = "profile_export.jsonl"
"""AIPerf's own name of the file."""
