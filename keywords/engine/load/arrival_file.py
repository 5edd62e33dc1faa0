"""Files of arrivals: what one run drew, another one replays bit by bit.

A first line of JSON with the origin and the hash, then one line for each arrival:

    {"arrivals": 1, "process": "poisson, seed 7", "expected": 300.0, "warmup_s": 0.0, "stages": […], "sha256": "…"}
    0.08734521,0

Numbers are written with as many digits as give the same float again.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Final

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from keywords.engine.http.exchange import parse_json
from keywords.engine.load.arrivals import WARMUP, Arrivals
from keywords.engine.load.errors import ArrivalsError
from keywords.engine.load.plan import Stage
from keywords.engine.load.text_file import DATA_BYTES, read_bytes

if TYPE_CHECKING:
    from pathlib import Path

_VERSION: Final = 1
_ROUNDING_S: Final = 0.001
_Number = int | float  # a whole number stays one, so that the same file is written again
_Seconds = Annotated[_Number, Field(ge=0, le=1e9, allow_inf_nan=False)]
_HEAD: Final = frozenset({"arrivals", "process", "expected", "warmup_s", "stages", "sha256"})
_REMEDY: Final = "store the arrivals again, with the command that made the file"


class _StoredStage(BaseModel):
    model_config = ConfigDict(extra="forbid")

    duration_s: _Seconds | None
    users: None = None
    rate: Annotated[_Number, Field(gt=0, allow_inf_nan=False)]
    items: Annotated[int, Field(ge=0, le=10**9)] | None = None


class _Head(BaseModel):
    process: str
    expected: _Seconds | None
    warmup_s: _Seconds
    stages: Annotated[list[_StoredStage], Field(min_length=1)]
    sha256: str


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
        text = read_bytes(path, DATA_BYTES).decode()
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
    try:
        stated = _Head.model_validate(head)
        arrivals = Arrivals(
            np.array([pair[0] for pair in pairs], np.float64),
            np.array([pair[1] for pair in pairs], np.int32),
            process=stated.process,
            expected=stated.expected,
            stages=tuple(Stage(**stage.model_dump()) for stage in stated.stages),
            warmup_s=stated.warmup_s,
        )
    except ValidationError as err:
        problem = err.errors()[0]
        place = ".".join(map(str, problem["loc"]))
        raise ArrivalsError(f"{path}:1: {place}: {problem['msg']}; {_REMEDY}") from err
    except OverflowError as err:
        raise ArrivalsError(f"{path}: an arrival has a stage that is none; {_REMEDY}") from err
    if arrivals.sha256 != stated.sha256 or not _is_in_order(arrivals):
        raise ArrivalsError(f"{path}: the arrivals were changed after they were stored; {_REMEDY}")
    return arrivals


def _is_in_order(arrivals: Arrivals) -> bool:
    """Whether these are moments in their order, each in a stage that there is, none after the end of all stages."""
    at_s, stage = arrivals.at_s, arrivals.stage
    ends = [each.duration_s for each in arrivals.stages]
    end_s = sum(each for each in ends if each is not None) + _ROUNDING_S if None not in ends else math.inf
    return bool(
        len(at_s)
        and np.isfinite(at_s).all()
        and (np.diff(at_s) >= 0).all()
        and at_s[0] >= -arrivals.warmup_s
        and at_s[-1] <= end_s
        and stage.min() >= WARMUP
        and stage.max() < len(arrivals.stages)
        and all(each.duration_s is not None or each.items is not None for each in arrivals.stages)
    )


def _head(path: Path, line: str) -> dict[str, Any]:
    try:
        head = parse_json(line)
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
