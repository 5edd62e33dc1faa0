"""Files of arrivals: what one run drew, another one replays bit by bit.

A first line of JSON with the origin and the hash, then one line for each arrival:

    {"arrivals": 1, "process": "poisson, seed 7", "expected": 300.0, "warmup_s": 0.0, "stages": […], "sha256": "…"}
    0.08734521,0

Numbers are written with as many digits as give the same float again.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from keywords.engine.load.arrivals import Arrivals
from keywords.engine.load.errors import ArrivalsError
from keywords.engine.load.plan import Stage

if TYPE_CHECKING:
    from pathlib import Path

_VERSION: Final = 1
_HEAD: Final = frozenset({"arrivals", "process", "expected", "warmup_s", "stages", "sha256"})
_REMEDY: Final = "store the arrivals again, with the command that made the file"


def save_arrivals(arrivals: Arrivals, path: Path) -> None:
    """Write arrivals to a file.

    Raises:
        ArrivalsError: the file cannot be written.
    """
    head = {
        "arrivals": _VERSION,
        "process": arrivals.process,
        "expected": arrivals.expected,
        "warmup_s": arrivals.warmup_s,
        "stages": [asdict(stage) for stage in arrivals.stages],
        "sha256": arrivals.sha256,
    }
    lines = [f"{at_s!r},{stage}" for at_s, stage in zip(arrivals.at_s.tolist(), arrivals.stage.tolist(), strict=True)]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([json.dumps(head), *lines, ""]), encoding="utf-8", newline="\n")
    except OSError as err:
        raise ArrivalsError(f"{path}: the arrivals cannot be written: {err.strerror}; give another path") from err


def load_arrivals(path: Path) -> Arrivals:
    """Read arrivals from a file that `save_arrivals` wrote.

    Raises:
        ArrivalsError: the file is missing, is none of these, or was changed since.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as err:
        raise ArrivalsError(f"{path}: the arrivals cannot be read: {err.strerror}; give the path of the file") from err
    except UnicodeDecodeError as err:
        raise ArrivalsError(f"{path}: this is no file of arrivals; {_REMEDY}") from err
    first, *lines = text.splitlines() or [""]
    head = _head(path, first)
    try:
        pairs = [(float(at_s), int(stage)) for at_s, stage in (line.split(",") for line in lines)]
    except ValueError as err:
        number = next(number for number, line in enumerate(lines, start=2) if not _is_arrival(line))
        raise ArrivalsError(f"{path}:{number}: this is no 'seconds,stage'; {_REMEDY}") from err
    at_s = np.array([pair[0] for pair in pairs], np.float64)
    arrivals = Arrivals(
        at_s,
        np.array([pair[1] for pair in pairs], np.int32),
        process=head["process"],
        expected=head["expected"],
        stages=tuple(Stage(**stage) for stage in head["stages"]),
        warmup_s=head["warmup_s"],
    )
    if arrivals.sha256 != head["sha256"]:
        raise ArrivalsError(f"{path}: the arrivals were changed after they were stored; {_REMEDY}")
    return arrivals


def _head(path: Path, line: str) -> dict[str, Any]:
    try:
        head = json.loads(line)
    except ValueError:
        head = None
    if not isinstance(head, dict) or _HEAD - set(head):
        raise ArrivalsError(f"{path}:1: this is no file of arrivals; {_REMEDY}")
    if head["arrivals"] != _VERSION:
        raise ArrivalsError(
            f"{path}:1: arrivals of version {head['arrivals']}, this program reads {_VERSION}; {_REMEDY}"
        )
    return head


def _is_arrival(line: str) -> bool:
    at_s, _, stage = line.partition(",")
    try:
        float(at_s), int(stage)
    except ValueError:
        return False
    return True
