"""Files of other load generators, whichever tool wrote them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keywords.engine.load.imported import aiperf, guidellm, locust, vllm
from keywords.engine.load.imported.aiperf_records import is_record
from keywords.engine.load.imported.content import ImportedFileError
from keywords.engine.load.imported.reading import read_json, read_text, unknown

if TYPE_CHECKING:
    from pathlib import Path

    from keywords.engine.load.imported.content import ImportedRun

_LATEST = 4_102_444_800.0
"""2100-01-01."""
_LONGEST_S = 366 * 86_400.0


def read_file(path: Path) -> ImportedRun:
    """Read a load run of AIPerf, GuideLLM, `vllm bench serve` or Locust; the file's content tells which.

    Raises:
        ImportedFileError: no known tool wrote it, or it cannot be used; the message names file and field.
    """
    imported = _read(path)
    if not (0 <= imported.started_at <= _LATEST and 0 <= imported.duration_s <= _LONGEST_S):
        raise ImportedFileError(
            f"{path}: the run starts {imported.started_at:g} s after 1970 and lasts {imported.duration_s:g} s, which "
            f"no run does; export the run again"
        )
    return imported


def _read(path: Path) -> ImportedRun:
    text = read_text(path)
    if locust.is_statistics(text):
        return locust.read(path)
    if not text.lstrip().startswith("{"):
        raise unknown(path)
    if path.suffix == ".jsonl":
        first = read_json(path, text.lstrip().partition("\n")[0], line=1)
        if not is_record(first):
            raise unknown(path)
        return aiperf.read(path)
    content = read_json(path, text)
    for is_theirs, read in (
        (aiperf.is_summary, aiperf.read),
        (guidellm.is_report, guidellm.read),
        (vllm.is_result, vllm.read),
    ):
        if is_theirs(content):
            return read(path)
    raise unknown(path)
