"""Baselines: a series as a small file in the repository, with all that a comparison needs and nothing of a request."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from keywords.engine.http.exchange import parse_json
from keywords.engine.load.comparison.comparable import reasons_against
from keywords.engine.load.comparison.compare import LEAST_RUNS
from keywords.engine.load.comparison.series import Series, SeriesError, SeriesRun

if TYPE_CHECKING:
    from pathlib import Path

VERSION: Final = 1
PREFIX = "baseline:"
"""Of a baseline's name where a series is asked for."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MOST_BYTES = 10_000_000


class _StoredRun(BaseModel):
    model_config = ConfigDict(extra="forbid", ser_json_inf_nan="strings")

    run: int
    started_at: float
    figures: dict[str, Annotated[float, Field(ge=0)]]
    workload_hash: str
    load: str
    machine: str
    model: str | None
    round: str | None = None


class _Stored(BaseModel):
    """The file; a change of its fields raises the version."""

    model_config = ConfigDict(extra="forbid")

    load_baseline: Literal[1]
    name: str
    series: str
    kept_at: str
    runs: Annotated[list[_StoredRun], Field(min_length=1)]


def baseline_file(folder: Path, name: str) -> Path:
    """The file of a baseline.

    Args:
        folder: of all results.
        name: of the baseline.

    Raises:
        SeriesError: the name cannot be that of a file.
    """
    if not _NAME.fullmatch(name):
        raise SeriesError(f"a baseline cannot be named {name!r}: take letters, digits, dots, hyphens and underscores")
    return folder / "baselines" / "load" / f"{name}.json"


def keep_baseline(series: Series, name: str, file: Path) -> None:
    """Write a series into a file; one that is there is replaced.

    Raises:
        SeriesError: nothing could be compared with this series, or the file cannot be written.
    """
    unlike, unfit = reasons_against(series, series, across_machines=False)
    if problems := dict.fromkeys([*unlike, *unfit]):
        raise SeriesError(f"{series.name} is no baseline: {'; '.join(problems)}")
    if len(series.runs) < LEAST_RUNS:
        raise SeriesError(
            f"{series.name} has {len(series.runs)} load runs, and a baseline needs {LEAST_RUNS}: "
            f"`qa load --rounds {LEAST_RUNS} --name {series.name} …` measures them"
        )
    stored = _Stored(
        load_baseline=VERSION,
        name=name,
        series=series.name,
        kept_at=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        runs=[_StoredRun.model_validate(_fields(run)) for run in series.runs],
    )
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # Beside it first: a full disk must not cost the older one.
        fresh = file.with_suffix(".json.new")
        fresh.write_text(stored.model_dump_json(indent=1) + "\n", encoding="utf-8", newline="\n")
        fresh.replace(file)
    except OSError as error:
        raise SeriesError(f"{file} cannot be written ({error.strerror}): make its folder writable") from error


def read_baseline(file: Path) -> Series:
    """Read a baseline.

    Raises:
        SeriesError: there is none, or the file is none that this version of the program wrote.
    """
    name = f"{PREFIX}{file.stem}"
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise SeriesError(f"{file} is too large for a baseline: keep it again with `qa baseline keep`")
        content = parse_json(file.read_bytes())
    except FileNotFoundError as error:
        known = ", ".join(sorted(other.stem for other in file.parent.glob("*.json"))[:10])
        raise SeriesError(
            f"there is no baseline {file.stem}, only {known or 'none at all'}: `qa baseline keep {file.stem} SERIES` "
            f"keeps one"
        ) from error
    except OSError as error:
        raise SeriesError(f"{file} cannot be read ({error.strerror}): make it readable") from error
    except ValueError as error:
        raise SeriesError(f"{file} is no JSON: keep the baseline again with `qa baseline keep`") from error
    version = content.get("load_baseline") if isinstance(content, dict) else None
    if version is None:
        raise SeriesError(f"{file} is no baseline of load runs: keep it again with `qa baseline keep`")
    if version != VERSION:
        raise SeriesError(
            f"{file} is of version {version}, and this program reads {VERSION}: keep the baseline again with `qa "
            f"baseline keep`, or use the version of llm-gateway-qa that wrote it"
        )
    try:
        stored = _Stored.model_validate(content)
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(map(str, problem["loc"]))
        raise SeriesError(f"{file}: {place}: {problem['msg']}; keep it again with `qa baseline keep`") from error
    return Series(name, tuple(SeriesRun(**run.model_dump()) for run in stored.runs))


def _fields(run: SeriesRun) -> dict[str, Any]:
    return {name: getattr(run, name) for name in _StoredRun.model_fields}
