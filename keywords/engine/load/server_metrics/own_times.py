"""What a server's own histograms say of the requests of a load run, beside the client's times."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from keywords.engine.load.server_metrics.histogram import Histogram, read_histogram
from keywords.engine.statistics.percentiles import TooFewValuesError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

HISTOGRAMS = (
    "gen_ai_server_time_to_first_token_seconds",
    "gen_ai_server_time_per_output_token_seconds",
    "gen_ai_server_request_duration_seconds",
    "vllm:time_to_first_token_seconds",
    "vllm:inter_token_latency_seconds",
    "vllm:time_per_output_token_seconds",
    "vllm:e2e_request_latency_seconds",
)
"""Of this gateway (OpenTelemetry's names) and of vLLM; `time_per_output_token` is vLLM's older `inter_token_latency`.
llama.cpp has none."""
_PERCENTILES = (50, 99)
_NAMES = "|".join(map(re.escape, HISTOGRAMS)).encode()
_LINE = re.compile(rb"^(?:%s)_(?:bucket|sum)(?:\{[^\n]*\})?[ \t][^\n]*$" % _NAMES, re.MULTILINE)


def own_times(before: bytes, after: bytes) -> dict[str, Histogram]:
    """The values that came between two pages, by the histogram's name; those without any are left out.

    Args:
        before: page of `/metrics` right before the load.
        after: page right after it.

    Raises:
        ValueError: a line is not in Prometheus' format.
    """
    first, last = ([*_LINE.findall(page)] for page in (before, after))
    found = {}
    for name in HISTOGRAMS:
        if (now := _histogram(last, name)) is None:
            continue
        earlier = _histogram(first, name)
        grown = now if earlier is None else now.since(earlier)
        # A server that began anew in the middle has fewer than before.
        if grown.n > 0 and min(grown.counts.values()) >= 0:
            found[name] = grown
    return found


def own_times_remarks(times: Mapping[str, Histogram]) -> Iterator[str]:
    """Percentiles by the server's buckets, which are bounds and no numbers; without those of too few values."""
    for name, histogram in times.items():
        for p in _PERCENTILES:
            try:
                bounds = histogram.percentile(p)
            except TooFewValuesError:
                continue
            yield f"p{p} of the server's own {name}: {bounds}, of {bounds.n} values"


def _histogram(lines: Sequence[bytes], name: str) -> Histogram | None:
    own = [line for line in lines if line.startswith((f"{name}_bucket".encode(), f"{name}_sum".encode()))]
    return read_histogram(b"\n".join(own) + b"\n", name) if own else None
