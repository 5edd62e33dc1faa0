"""Streams as `qa load` stored them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keywords.engine.load.storage.tables import LOAD_ROOM, SAMPLES
from keywords.engine.store.columns import read_arrays, read_columns
from keywords.engine.store.database import Store
from ops.bench.referee.streams import Stream

if TYPE_CHECKING:
    from pathlib import Path


def read_streams(path: Path) -> list[Stream]:
    """The streams of a store's first run; the resolution of their chunks is a microsecond."""
    with Store(path, LOAD_ROOM) as store:
        columns = read_columns(store, SAMPLES, 1, ["t_sent", "request_id", "error"])
        blocks = list(read_arrays(store, SAMPLES, 1, "chunk_gaps_us"))
    gaps = [part for values, lengths in blocks for part in np.split(values, np.cumsum(lengths)[:-1])]
    rows = zip(columns["t_sent"], columns["request_id"], columns["error"], gaps, strict=True)
    return [
        Stream(request_id or "", sent_s, list(sent_s + np.cumsum(between) / 1e6), whole=error is None)
        for sent_s, request_id, error, between in rows
    ]
