"""Files of other load generators, whichever tool wrote them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keywords.engine.load.imported import aiperf, guidellm, locust, vllm
from keywords.engine.load.imported.aiperf_records import is_record
from keywords.engine.load.imported.reading import read_json, read_text, unknown

if TYPE_CHECKING:
    from pathlib import Path

    from keywords.engine.load.imported.content import ImportedRun


def read_file(path: Path) -> ImportedRun:
    """Read a load run of AIPerf, GuideLLM, `vllm bench serve` or Locust; the file's content tells which.

    Raises:
        ImportedFileError: no known tool wrote it, or it cannot be used; the message names file and field.
    """
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
