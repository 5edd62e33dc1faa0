"""Synthetic samples of one large load run in a store, to see what reports and pages make of as many."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import numpy as np

from keywords.engine.load.sample import Sample
from keywords.engine.load.storage.tables import LOAD_ROOM, SAMPLES, STAGES, sample_row
from keywords.engine.store.database import Store
from keywords.engine.store.runs import begin_run, end_run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

STAGES_S = 200.0
"""Length of each of the three stages."""
STAGE_COUNT = 3
_BATCH = 10_000


def write_samples(path: Path, samples: int, chunks: int, *, series: str = "scale") -> int:
    """Write a load run of many samples, as a recording would, and return its id.

    Args:
        path: of the store.
        samples: their number; each hundredth failed.
        chunks: mean number of chunks of an answer.
        series: name under which the run is stored.
    """
    with Store(path, LOAD_ROOM) as store:
        run = begin_run(store, "load", series, target="http://127.0.0.1", model="m", options={"samples": samples})
        rows = [
            (run, stage, STAGES_S * stage, STAGES_S * (stage + 1), 10 * 2**stage, None) for stage in range(STAGE_COUNT)
        ]
        store.insert(STAGES, rows)
        for batch in _batches(samples, chunks):
            store.insert(SAMPLES, (sample_row(run, sample) for sample in batch))
        end_run(store, run, validity="VALID")
    return run


def _batches(samples: int, chunks: int) -> Iterator[list[Sample]]:
    draws = np.random.default_rng(1)
    for start in range(0, samples, _BATCH):
        count = min(_BATCH, samples - start)
        sent = np.arange(start, start + count) * (STAGE_COUNT * STAGES_S / samples)
        firsts = draws.gamma(4.0, 0.05, count)
        lengths = draws.integers(1, 2 * chunks, count)
        gaps = draws.gamma(2.0, 0.01, int(lengths.sum()))
        ends = np.cumsum(lengths)
        yield [
            _sample(
                start + place,
                float(sent[place]),
                float(firsts[place]),
                gaps[ends[place] - lengths[place] : ends[place]],
            )
            for place in range(count)
        ]


def _sample(number: int, sent: float, first: float, gaps: NDArray[np.float64]) -> Sample:
    times = sent + first + np.cumsum(gaps) - gaps[0]
    sample = Sample(item=number, kind="chat", stage=int(sent // STAGES_S), t_intended=sent, t_queued=sent, t_sent=sent)
    sample.t_connected = sent
    if number % 100 == 0:
        sample.status, sample.error, sample.t_done = 503, "overloaded", sent + first
        return sample
    sample.t_first_byte, sample.t_first_content, sample.t_last_content = (
        float(times[0]),
        float(times[0]),
        float(times[-1]),
    )
    sample.t_done = sample.t_last_content
    sample.chunk_times = array("d", times.tobytes())
    sample.streamed, sample.status, sample.reused_connection = True, 200, True
    sample.prompt_tokens, sample.output_tokens, sample.tokens_source = 100, len(times), "usage"
    sample.text_chunks, sample.text_length, sample.finish_reason = len(times), 4 * len(times), "stop"
    sample.request_id = f"00000000-0000-4000-8000-{number:012d}"
    return sample
