"""Samples as numpy columns, from the store or from memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from keywords.engine.load.storage.tables import LOAD_ROOM, SAMPLES, STAGES, chunk_gaps_us
from keywords.engine.store.columns import read_arrays, read_columns
from keywords.engine.store.database import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from keywords.engine.load.sample import Sample

_NUMBERS = (
    "item",
    "turn",
    "stage",
    "t_intended",
    "t_queued",
    "t_sent",
    "t_first_byte",
    "t_first_content",
    "t_last_content",
    "t_done",
    "prompt_tokens",
    "output_tokens",
)
_TRUTHS = ("streamed", "cancelled", "resent")
_TEXTS = ("error", "tokens_source")
_BLOCK = 50_000
"""Rows whose chunks are in memory at a time."""

Gaps = tuple["slice", "NDArray[np.uint32]", "NDArray[np.int64]"]
"""Chunks of a block of samples: which samples, the gaps of all of them in microseconds, and how many each has."""


@dataclass(frozen=True, slots=True)
class SampleColumns:
    """n samples; each array has the shape (n,). A moment that never came, and a number that is unknown, is nan.

    Attributes:
        item: number of the item.
        turn: number of the request within its conversation.
        stage: that the request was intended for; -1 is the warm-up.
        t_intended: seconds by `clock.now()`, as all moments.
        t_queued: when the client took it up.
        t_sent: when the request was sent.
        t_first_byte: first byte of the answer's body.
        t_first_content: first generated text.
        t_last_content: last generated text.
        t_done: end of the answer, or of the attempt.
        prompt_tokens: by the server's usage.
        output_tokens: by `tokens_source`.
        streamed: whether the answer came as server-sent events.
        cancelled: whether the load run ended before the answer did.
        resent: whether it was sent a second time, as the server had closed the pool's connection.
        error: class of the failure, or None.
        tokens_source: usage, chunks or None.
        gaps: iterates over the chunks of all samples, block by block.
        windows: begin and end of each stage; empty if they are unknown.
    """

    item: NDArray[np.float64]
    turn: NDArray[np.float64]
    stage: NDArray[np.float64]
    t_intended: NDArray[np.float64]
    t_queued: NDArray[np.float64]
    t_sent: NDArray[np.float64]
    t_first_byte: NDArray[np.float64]
    t_first_content: NDArray[np.float64]
    t_last_content: NDArray[np.float64]
    t_done: NDArray[np.float64]
    prompt_tokens: NDArray[np.float64]
    output_tokens: NDArray[np.float64]
    streamed: NDArray[np.bool_]
    cancelled: NDArray[np.bool_]
    resent: NDArray[np.bool_]
    error: NDArray[np.object_]
    tokens_source: NDArray[np.object_]
    gaps: Callable[[], Iterator[Gaps]] = field(repr=False)
    windows: tuple[tuple[float, float], ...] = ()

    @property
    def failed(self) -> NDArray[np.bool_]:
        """Which requests failed; a cancelled one did not."""
        return np.asarray(self.error != None, dtype=bool) & ~self.cancelled  # noqa: E711  # elementwise

    @property
    def answered(self) -> NDArray[np.bool_]:
        """Which requests brought a whole answer; a cancelled one did not."""
        return ~self.failed & ~self.cancelled


def columns_of(samples: Sequence[Sample], windows: Sequence[tuple[float, float]] = ()) -> SampleColumns:
    """Samples in memory as columns.

    Args:
        samples: in any order.
        windows: begin and end of each stage, as in `RunFacts.stage_bounds`.
    """
    columns: dict[str, Any] = {
        **{name: np.array([getattr(each, name) for each in samples], dtype=np.float64) for name in _NUMBERS},
        **{name: np.array([getattr(each, name) for each in samples], dtype=bool) for name in _TRUTHS},
        **{name: _objects([getattr(each, name) for each in samples]) for name in _TEXTS},
    }
    return SampleColumns(**columns, gaps=lambda: _gaps_of(samples), windows=tuple(windows))


def read_samples(path: Path, run: int) -> SampleColumns:
    """A load run's samples from the store, in the order of their ends.

    The chunks stay in the store; each look at them reads it again.

    Args:
        path: of the store.
        run: the load run's id.

    Raises:
        StoreError: the store cannot be read.
    """
    with Store(path, LOAD_ROOM) as store:
        columns = read_columns(store, SAMPLES, run, [*_NUMBERS, *_TRUTHS, *_TEXTS])
        bounds = list(store.query(f"SELECT began, ended FROM {STAGES.name} WHERE run = ? ORDER BY stage", (run,)))  # noqa: S608  # a declared name
    for name in _TRUTHS:
        columns[name] = columns[name].astype(bool)
    return SampleColumns(**columns, gaps=lambda: _read_gaps(path, run), windows=tuple(bounds))


def _read_gaps(path: Path, run: int) -> Iterator[Gaps]:
    with Store(path, LOAD_ROOM) as store:
        start = 0
        for values, lengths in read_arrays(store, SAMPLES, run, "chunk_gaps_us", block=_BLOCK):
            yield slice(start, start + len(lengths)), values, lengths
            start += len(lengths)


def _gaps_of(samples: Sequence[Sample]) -> Iterator[Gaps]:
    none = np.array([], dtype=np.uint32)
    for start in range(0, len(samples), _BLOCK):
        gaps = [chunk_gaps_us(each) for each in samples[start : start + _BLOCK]]
        arrays = [none if each is None else each for each in gaps]
        lengths = np.array([len(each) for each in arrays], dtype=np.int64)
        yield slice(start, start + len(arrays)), np.concatenate(arrays), lengths


def _objects(values: list[Any]) -> NDArray[np.object_]:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
