"""Chunks of all requests, looked at once, block by block: memory does not grow with their number."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from keywords.engine.statistics.order import CountedValues

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from keywords.engine.load.storage.columns import SampleColumns

MICROSECOND = 1e-6
_BOUND = 1 << 20
"""Gaps of up to a second, in microseconds, are counted; longer ones are rare and kept one by one."""


@dataclass(frozen=True, slots=True)
class Chunks:
    """What the chunks of whole answers tell.

    Attributes:
        gaps: `chunk_gap`, the seconds between consecutive chunks with text of one stream, by stage; resolution 1 µs.
            One chunk may hold several tokens. Source: vLLM's ITL and aiperf's ICL, pooled over all requests.
        largest_gap_s: the largest of each request, shape (n,); nan for fewer than two chunks.
        tokens: output tokens that arrived within each window, shape (windows,). The tokens of an answer are spread
            evenly over its chunks; those of an answer that is no stream arrive at its end.
        untimed: streams with tokens and without a time of any chunk, as some imported runs have them.
    """

    gaps: Mapping[int, CountedValues] = field(repr=False)
    largest_gap_s: NDArray[np.float64] = field(repr=False)
    tokens: NDArray[np.float64]
    untimed: int = 0


def look_at_chunks(samples: SampleColumns, windows: Sequence[tuple[float, float]]) -> Chunks:
    """Look at the chunks of whole answers, those of the warm-up left out of the gaps.

    Args:
        samples: n samples.
        windows: begin and end of each by `clock.now()`; they may overlap.
    """
    edges = np.array([end for window in windows for end in window], dtype=np.float64)
    tokens = np.zeros(len(windows))
    gaps_of: dict[int, CountedValues] = {}
    largest = np.full(len(samples.item), np.nan)
    streams = samples.answered & samples.streamed
    counted = np.nan_to_num(samples.output_tokens)
    untimed = 0
    for where, gaps, lengths in samples.gaps():
        chosen = np.where(streams[where], lengths, 0)
        untimed += int((streams[where] & (lengths == 0) & (counted[where] > 0)).sum())
        gaps = gaps[np.repeat(streams[where], lengths)]  # noqa: PLW2901  # only those of streams from here on
        starts = (np.cumsum(chosen) - chosen)[chosen > 0]
        if not len(starts):
            continue
        rows = np.flatnonzero(chosen)
        offsets_us = np.cumsum(gaps, dtype=np.int64)
        per_row = chosen[rows]
        offsets_us -= np.repeat(offsets_us[starts] - gaps[starts], per_row)
        if len(windows):
            at = np.repeat(samples.t_sent[where][rows], per_row) + offsets_us * MICROSECOND
            share = np.repeat(counted[where][rows] / per_row, per_row)
            tokens += _by_window(edges, at, share)
        _add_gaps(gaps_of, gaps, starts, samples.stage[where][rows], per_row)
        later = gaps.copy()
        later[starts] = 0
        largest[where.start + rows] = np.where(per_row > 1, np.maximum.reduceat(later, starts) * MICROSECOND, np.nan)
    if len(windows):
        whole = samples.answered & ~samples.streamed
        tokens += _by_window(edges, samples.t_done[whole], counted[whole])
    return Chunks(gaps_of, largest, tokens, untimed)


def _add_gaps(
    gaps_of: dict[int, CountedValues],
    gaps: NDArray[np.uint32],
    starts: NDArray[np.int64],
    stages: NDArray[np.float64],
    lengths: NDArray[np.int64],
) -> None:
    between = np.ones(len(gaps), dtype=bool)
    between[starts] = False
    for stage in np.unique(stages[stages >= 0]):
        values = gaps_of.setdefault(int(stage), CountedValues(_BOUND, MICROSECOND))
        values.add(gaps[between & np.repeat(stages == stage, lengths)])


def _by_window(edges: NDArray[np.float64], at: NDArray[np.float64], share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of the shares whose moments lie within each window; its begin belongs to it, its end does not."""
    if (np.diff(edges) < 0).any():  # client processes end a stage of so many items at different times
        within = [(at >= begin) & (at < end) for begin, end in edges.reshape(-1, 2)]
        return np.array([share[chosen].sum() for chosen in within])
    places = np.searchsorted(edges, at, side="right")
    sums = np.bincount(places, weights=share, minlength=len(edges) + 1)
    return sums[1::2][: len(edges) // 2].astype(np.float64)
