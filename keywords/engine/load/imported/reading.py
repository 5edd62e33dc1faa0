"""Reading of other load generators' files: which tool wrote one, and what it says."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from keywords.engine.load.imported.content import ImportedFileError
from keywords.engine.load.text_file import DATA_BYTES, read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_KNOWN = (
    "this reads AIPerf's profile_export_aiperf.json and profile_export.jsonl, GuideLLM's benchmarks.json, the JSON of "
    "`vllm bench serve --save-result`, and Locust's …_stats.csv and …_stats_history.csv"
)
_MOST_BITS = 63
"""Of an integer, as SQLite's has them besides its sign."""
Content = TypeVar("Content", bound=BaseModel)


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        ImportedFileError: it is missing, unreadable or no text.
    """
    try:
        return read_bytes(path, DATA_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise ImportedFileError(
            f"{path}: it cannot be read: {error.strerror or error}; give the path of a file"
        ) from error
    except UnicodeDecodeError as error:
        raise unknown(path) from error


def unknown(path: Path) -> ImportedFileError:
    """The error of a file that no known tool wrote."""
    return ImportedFileError(f"{path}: no known load generator writes such a file; {_KNOWN}")


def read_json(path: Path, text: str, *, line: int | None = None) -> Any:
    """The JSON of a file, or of one of its lines, whose numbers are all finite.

    Raises:
        ImportedFileError: it is cut off, no JSON, or has a number that is none, or an integer that no store holds.
    """
    place = str(path) if line is None else f"{path}:{line}"
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        at = f"line {error.lineno if line is None else line}, column {error.colno}"
        what = "the JSON ends" if error.pos >= len(text.rstrip()) else "the JSON breaks off"
        raise ImportedFileError(f"{place}: {what} at {at} ({error.msg}); export the run again") from error
    except RecursionError as error:
        raise ImportedFileError(f"{place}: the JSON is nested too deeply to be read; export the run again") from error
    except ValueError as error:  # of an integer with more digits than Python reads
        raise ImportedFileError(f"{place}: a number has too many digits; export the run again") from error
    for field, value in _numbers(content):
        if isinstance(value, int) and value.bit_length() > _MOST_BITS:
            raise ImportedFileError(f"{place}: {field} has more than {_MOST_BITS} bits; export the run again")
        if not math.isfinite(value):
            raise ImportedFileError(f"{place}: {field} is {value}, which is no number; export the run again")
    return content


def checked(path: Path, model: type[Content], content: Any, *, line: int | None = None) -> Content:
    """The content of a file as its tool's schema has it; fields that are not read may be anything.

    Raises:
        ImportedFileError: a field is missing or has another type; the message names it.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = str(path) if line is None else f"{path}:{line}"
        field = ".".join(map(str, first["loc"])) or "the content"
        raise ImportedFileError(f"{place}: {field}: {first['msg']}; export the run again") from error


def not_negative(path: Path, field: str, value: Any) -> float:
    """A number of a file that is at least 0.

    Raises:
        ImportedFileError: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ImportedFileError(f"{path}: {field} is {value!r}, which is no number of at least 0; export the run again")
    return float(value)


def _numbers(content: Any, place: str = "") -> Iterator[tuple[str, int | float]]:
    """All numbers of a JSON value with the names of their fields."""
    if isinstance(content, int | float):
        yield place or "the content", content
    elif isinstance(content, dict):
        for name, value in content.items():
            yield from _numbers(value, f"{place}.{name}" if place else str(name))
    elif isinstance(content, list):
        for index, value in enumerate(content):
            yield from _numbers(value, f"{place}[{index}]")
