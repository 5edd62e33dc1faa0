"""Signals: what servers say about themselves, under one name for all of them.

| signal | this gateway | vLLM | llama.cpp |
| --- | --- | --- | --- |
| `in_flight` | `gateway_requests_in_flight` | `vllm:num_requests_running` | `llamacpp:requests_processing` |
| `waiting` | | `vllm:num_requests_waiting` | `llamacpp:requests_deferred` |
| `kv_cache_use` | | `vllm:kv_cache_usage_perc` | `llamacpp:kv_cache_usage_ratio` |
| `prefix_hits`, `prefix_queries` | | `vllm:prefix_cache_hits_total`, `…_queries_total` | |
| `breaker_state` | `gateway_breaker_state` | | |
| `requests`, `attempts` | `gateway_requests_total`, `gateway_attempts_total` | `vllm:request_success_total` | |
| `memory` | `process_resident_memory_bytes` on Linux | the same | |

Older names of vLLM (`vllm:gpu_cache_usage_perc`, `vllm:gpu_prefix_cache_…`) are read too. llama.cpp has left out its
cache use since 2025. A signal that a server lacks has no values; it is never 0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Literal

from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Signal = Literal[
    "in_flight",
    "waiting",
    "kv_cache_use",
    "prefix_hits",
    "prefix_queries",
    "breaker_state",
    "requests",
    "attempts",
    "memory",
]
"""Requests being answered; requests in the server's queue; used share of the KV cache, 0 to 1; prompt tokens found in
the prefix cache, and those looked up; state of a backend's breaker: 0 closed, 1 half-open, 2 open; requests answered so
far; requests to backends so far, retries included; resident bytes of the server's processes that tell it."""

NAMES: Mapping[str, Signal] = {
    "gateway_requests_in_flight": "in_flight",
    "gateway_breaker_state": "breaker_state",
    "gateway_requests_total": "requests",
    "gateway_attempts_total": "attempts",
    "vllm:num_requests_running": "in_flight",
    "vllm:num_requests_waiting": "waiting",
    "vllm:kv_cache_usage_perc": "kv_cache_use",
    "vllm:gpu_cache_usage_perc": "kv_cache_use",
    "vllm:prefix_cache_hits_total": "prefix_hits",
    "vllm:prefix_cache_queries_total": "prefix_queries",
    "vllm:gpu_prefix_cache_hits_total": "prefix_hits",
    "vllm:gpu_prefix_cache_queries_total": "prefix_queries",
    "vllm:request_success_total": "requests",
    "llamacpp:requests_processing": "in_flight",
    "llamacpp:requests_deferred": "waiting",
    "llamacpp:kv_cache_usage_ratio": "kv_cache_use",
    "process_resident_memory_bytes": "memory",
}
"""The signal of each series' name."""

_OLDER = {
    "vllm:gpu_cache_usage_perc": "vllm:kv_cache_usage_perc",
    "vllm:gpu_prefix_cache_hits_total": "vllm:prefix_cache_hits_total",
    "vllm:gpu_prefix_cache_queries_total": "vllm:prefix_cache_queries_total",
}
"""Names that some versions of vLLM show beside the new ones, with the same values."""
_ANY_NAME = b"|".join(re.escape(name.encode()) for name in NAMES)
_LINE = re.compile(rb"^(?:%s)(?:\{[^\n]*\})?[ \t][^\n]*$" % _ANY_NAME, re.MULTILINE)


@dataclass(frozen=True, slots=True)
class SignalValue:
    """One value of a signal.

    Attributes:
        at_s: when the page was asked for, by `clock.now()`.
        signal: what it says.
        name: the server's name for it.
        labels: of the series, such as the backend of a breaker.
        value: in the signal's unit.
    """

    at_s: float
    signal: Signal
    name: str
    labels: Mapping[str, str]
    value: float


def lines_with_signals(page: bytes) -> bytes:
    """The lines of a page that hold signals; a page may have a thousand others."""
    return b"\n".join(_LINE.findall(page)) + b"\n"


def read_signals(page: bytes, at_s: float) -> Iterator[SignalValue]:
    """The signals of a page in Prometheus' text format, each series once.

    Args:
        page: the whole page, or its `lines_with_signals`.
        at_s: when it was asked for.

    Raises:
        ValueError: a line is not of that format.
    """
    samples = [
        sample
        for family in text_string_to_metric_families(lines_with_signals(page).decode("utf-8", "replace"))
        for sample in family.samples
    ]
    names = {sample.name for sample in samples}
    for sample in samples:
        signal = NAMES.get(sample.name)
        # A server writes NaN for what it does not know.
        if signal is not None and _OLDER.get(sample.name) not in names and isfinite(sample.value):
            yield SignalValue(at_s, signal, sample.name, dict(sample.labels), float(sample.value))
