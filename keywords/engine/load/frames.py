"""Frames: what a load run's main process and its client processes tell each other through pipes."""

from __future__ import annotations

import marshal
import pickle
import struct
from array import array
from dataclasses import fields
from operator import attrgetter
from typing import IO, TYPE_CHECKING, Any

from keywords.engine.load.sample import Sample

if TYPE_CHECKING:
    from collections.abc import Iterable

_LENGTH = struct.Struct("!Q")
_NAMES = [each.name for each in fields(Sample)]
_VALUES, _TIMES = attrgetter(*_NAMES), _NAMES.index("chunk_times")


def frame(message: object) -> bytes:
    """A message as bytes."""
    data = pickle.dumps(message, protocol=5)
    return _LENGTH.pack(len(data)) + data


def read_frame(stream: IO[bytes]) -> Any:
    """The next message of this project's own process at the other end.

    Raises:
        EOFError: the other end closed the pipe, within a frame too.
    """
    (length,) = _LENGTH.unpack(_read(stream, _LENGTH.size))
    return pickle.loads(_read(stream, length))  # noqa: S301  # from a process that this one started, or its parent


def _read(stream: IO[bytes], size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = stream.read(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def pack_samples(samples: Iterable[Sample]) -> bytes:
    """Samples as bytes for this project's own process with the same Python, in a fifth of the time of their pickles."""
    packed = []
    for sample in samples:
        values = list(_VALUES(sample))
        values[_TIMES] = sample.chunk_times.tobytes()
        packed.append(values)
    return marshal.dumps(packed)


def unpack_samples(packed: bytes) -> list[Sample]:
    """The samples of `pack_samples`."""
    samples = []
    for values in marshal.loads(packed):  # noqa: S302  # from a process that this one started
        times = array("d")
        times.frombytes(values[_TIMES])
        values[_TIMES] = times
        samples.append(Sample(*values))
    return samples
