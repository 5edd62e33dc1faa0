"""Traces: when requests came to a real service, and how long they and their answers were.

| format | file | a request |
| --- | --- | --- |
| Mooncake | JSON lines | `{"timestamp": 27482, "input_length": 6955, "output_length": 52, "hash_ids": [46, 47]}` |
| Azure | CSV | `TIMESTAMP,ContextTokens,GeneratedTokens`, such as `2023-11-16 18:15:46.6805900,374,44` |

Mooncake's timestamps are milliseconds from the start, and each hash id stands for a block of 512 tokens of the prompt;
the same id is the same block. Sources: github.com/kvcache-ai/Mooncake, `FAST25-release`; Azure/AzurePublicDataset,
`AzureLLMInferenceDataset2023.md`.
"""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from keywords.engine.http.exchange import parse_json
from keywords.engine.load.arrivals import WARMUP, Arrivals
from keywords.engine.load.errors import TraceError
from keywords.engine.load.plan import Stage
from keywords.engine.load.text_file import DATA_BYTES, read_bytes

if TYPE_CHECKING:
    from _csv import Reader
    from collections.abc import Iterator
    from pathlib import Path

_AZURE_COLUMNS: Final = ["TIMESTAMP", "ContextTokens", "GeneratedTokens"]
_MS_PER_S: Final = 1000
_SHORTEST_S: Final = 0.001
_LATEST_MS: Final = 1e15
_MOST_TOKENS: Final = 10_000_000
"""Of a prompt or an answer; no model has a longer context."""
_MOST_DIGITS: Final = 18
_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class TracedRequest:
    """One request of a trace.

    Attributes:
        at_s: seconds after the trace's first request.
        input_tokens: length of the prompt.
        output_tokens: length of the answer.
        blocks: ids of the prompt's blocks, from its start; empty where the trace has none.
    """

    at_s: float
    input_tokens: int
    output_tokens: int
    blocks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """A trace as it was read.

    Attributes:
        name: of the file, without its folder.
        sha256: of the file's bytes.
        requests: in the order of their arrival, at least one.
    """

    name: str
    sha256: str
    requests: tuple[TracedRequest, ...]

    def arrivals(self, speed: float = 1.0, warmup_s: float = 0.0) -> Arrivals:
        """Its moments of arrival.

        Args:
            speed: 2 replays the trace in half of its time.
            warmup_s: the first seconds of the replay, which count as warm-up.

        Raises:
            TraceError: the speed is not more than 0, or the warm-up takes the whole trace.
        """
        if not speed > 0:
            raise TraceError(f"speed is {speed:g}; give more than 0, 1 for the trace's own pace")
        at_s = np.array([request.at_s for request in self.requests], np.float64) / speed - warmup_s
        if not at_s[-1] >= 0:
            raise TraceError(f"the warm-up of {warmup_s:g} s takes the whole trace; give less")
        pace = "" if speed == 1 else f", {speed:g} times as fast"
        stage = np.where(at_s < 0, WARMUP, 0).astype(np.int32)
        counted = at_s[at_s >= 0]
        measured = len(counted)
        # n requests have n - 1 intervals between them; the mean one after the last makes n, and the rate that of the
        # trace. If all come at once, it lasts for a moment.
        interval_s = float(counted[-1] - counted[0]) / (measured - 1) if measured > 1 else 0.0
        duration_s = max(float(counted[-1]) + interval_s, _SHORTEST_S)
        stages = (Stage(duration_s=duration_s, rate=measured / duration_s, items=measured),)
        return Arrivals(at_s, stage, f"trace {self.name}{pace}", stages=stages, warmup_s=warmup_s)


def read_trace(path: Path, most: int | None = None) -> Trace:
    """Read a trace of either format; a file that begins with `{` is Mooncake's.

    Args:
        path: the file.
        most: requests from its start; None reads all.

    Raises:
        TraceError: the file cannot be read, or a line breaks the format; the error names the line.
    """
    try:
        content = read_bytes(path, DATA_BYTES)
        text = content.decode("utf-8-sig")
    except OSError as err:
        raise TraceError(f"{path}: the trace cannot be read: {err.strerror}; give the path of the file") from err
    except UnicodeDecodeError as err:
        raise TraceError(
            f"{path}: this is no text in UTF-8; give a trace of Mooncake (JSONL) or of Azure (CSV)"
        ) from err
    lines = _mooncake if text.lstrip().startswith("{") else _azure
    requests = tuple(islice(lines(path, text), most))
    if not requests:
        raise TraceError(f"{path}: the trace has no request; give one with a line for each request")
    first = requests[0].at_s
    for number, (before, after) in enumerate(pairwise(requests), start=2):
        if after.at_s < before.at_s:
            raise TraceError(f"{path}: request {number} came before the one above it; sort the trace by time")
    shifted = tuple(
        TracedRequest(request.at_s - first, request.input_tokens, request.output_tokens, request.blocks)
        for request in requests
    )
    return Trace(path.name, hashlib.sha256(content).hexdigest(), shifted)


def _mooncake(path: Path, text: str) -> Iterator[TracedRequest]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        try:
            entry = parse_json(line)
        except ValueError as err:
            raise TraceError(f"{where}: this is no JSON; write one object on each line") from err
        if not isinstance(entry, dict):
            raise TraceError(f"{where}: this is no object; write timestamp, input_length and output_length")
        milliseconds: Any = entry.get("timestamp")
        if type(milliseconds) not in (int, float) or not abs(milliseconds) < _LATEST_MS:
            raise TraceError(f"{where}: timestamp is {_shown(milliseconds)}; write milliseconds from the start")
        blocks = entry.get("hash_ids", [])
        if not isinstance(blocks, list) or not all(_is_count(block) for block in blocks):
            raise TraceError(f"{where}: hash_ids is no list of numbers; write one number for each block of the prompt")
        before, after = (_tokens(where, name, entry.get(name)) for name in ("input_length", "output_length"))
        yield TracedRequest(milliseconds / _MS_PER_S, before, after, tuple(blocks))


def _azure(path: Path, text: str) -> Iterator[TracedRequest]:
    rows = csv.reader(text.splitlines())
    columns = [name.strip() for name in next(_readable(path, rows), [])]
    if columns != _AZURE_COLUMNS:
        raise TraceError(
            f"{path}:1: the columns are {', '.join(columns)[:_SHOWN] or 'missing'}; "
            f"give a CSV file with {', '.join(_AZURE_COLUMNS)}, or JSON lines in Mooncake's format"
        )
    start: datetime | None = None
    for row in _readable(path, rows):
        if not row:
            continue
        where = f"{path}:{rows.line_num}"
        if len(row) != len(_AZURE_COLUMNS):
            raise TraceError(f"{where}: it has {len(row)} columns; write {', '.join(_AZURE_COLUMNS)}")
        try:
            moment = datetime.fromisoformat(row[0].strip())
            start = start or moment
            at_s = (moment - start).total_seconds()
        except (ValueError, TypeError) as err:
            raise TraceError(
                f"{where}: TIMESTAMP is {_shown(row[0])}; write it like 2023-11-16 18:15:46.680590"
            ) from err
        before, after = (
            _tokens(where, name, _number(text)) for name, text in zip(_AZURE_COLUMNS[1:], row[1:], strict=True)
        )
        yield TracedRequest(at_s, before, after)


def _readable(path: Path, rows: Reader) -> Iterator[list[str]]:
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as err:
            raise TraceError(f"{path}:{rows.line_num}: this is no CSV ({err}); correct the line") from err
        yield row


def _tokens(where: str, name: str, value: Any) -> int:
    if not _is_count(value) or value > _MOST_TOKENS:
        remedy = f"write a whole number of tokens, 0 or more, at most {_MOST_TOKENS}"
        raise TraceError(f"{where}: {name} is {_shown(value)}; {remedy}")
    return int(value)


def _number(text: str) -> int | str:
    digits = text.strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS else text


def _shown(value: Any) -> str:
    """A value for a message, shortened."""
    shown = repr(value)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
