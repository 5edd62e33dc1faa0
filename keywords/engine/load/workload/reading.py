"""Workload files: read, checked, and hashed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from keywords.engine.load.errors import TraceError, WorkloadError
from keywords.engine.load.text_file import WORKLOAD_BYTES, read_bytes
from keywords.engine.load.traces import Trace, read_trace
from keywords.engine.load.workload.problems import describe_problems
from keywords.engine.load.workload.prompt_files import Conversation, PromptFileError, read_prompts
from keywords.engine.load.workload.schema import Workload
from keywords.engine.load.workload.text import text_version
from keywords.engine.load.workload.yaml_lines import YamlError, YamlText

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keywords.engine.load.workload.schema import Entry

_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class LoadedWorkload:
    """A workload with the content of all files that it names.

    Attributes:
        spec: its fields.
        conversations: of each entry with texts or a file, by the entry's name.
        trace: the trace that it replays; None without one.
        sha256: hash of all that decides what is sent and what has to hold. Comments, the order of fields, the name, and
            where files lie do not change it.
    """

    spec: Workload
    conversations: Mapping[str, tuple[Conversation, ...]]
    trace: Trace | None
    sha256: str

    def __repr__(self) -> str:
        return f"LoadedWorkload({self.spec.name}, sha256 {self.sha256[:16]})"


def read_workload(path: Path) -> LoadedWorkload:
    """Read a workload file.

    Raises:
        WorkloadError: the file cannot be read, or a field is wrong; the error names all problems, each with file, line,
            field and remedy.
    """
    try:
        text = read_bytes(path, WORKLOAD_BYTES).decode("utf-8-sig")
    except OSError as err:
        raise WorkloadError(
            [f"{path}: the workload cannot be read: {err.strerror}; give the path of the file"]
        ) from err
    except UnicodeDecodeError as err:
        raise WorkloadError([f"{path}: the workload is no text in UTF-8; save the file as UTF-8"]) from err
    try:
        yaml = YamlText(text)
    except YamlError as err:
        raise WorkloadError([f"{path}:{err.line}: {err}"]) from err
    if not isinstance(yaml.data, dict):
        raise WorkloadError([f"{path}:1: this is no workload; write fields such as name and mix"])
    try:
        spec = Workload.model_validate(yaml.data)
    except ValidationError as err:
        raise WorkloadError(describe_problems(path, yaml, err.errors())) from err
    return load_workload(spec, path.parent)


def load_workload(spec: Workload, folder: Path = Path()) -> LoadedWorkload:
    """Read the files that a workload names, and hash all of it.

    Args:
        spec: the workload's fields.
        folder: where relative paths of files begin.

    Raises:
        WorkloadError: a file cannot be used.
    """
    try:
        trace = read_trace(folder / spec.trace.file, spec.trace.most) if spec.trace else None
        conversations = {
            entry.name: found for entry in spec.mix or () if (found := _conversations(entry, folder)) is not None
        }
    except (PromptFileError, TraceError) as err:
        raise WorkloadError([str(err)]) from err
    return LoadedWorkload(spec, conversations, trace, _sha256(spec, conversations, trace))


def varied(workload: LoadedWorkload, spec: Workload) -> LoadedWorkload:
    """The workload with other fields and the same files."""
    return LoadedWorkload(
        spec, workload.conversations, workload.trace, _sha256(spec, workload.conversations, workload.trace)
    )


def _conversations(entry: Entry, folder: Path) -> tuple[Conversation, ...] | None:
    if entry.prompts.file is not None:
        return read_prompts(folder / entry.prompts.file)
    if entry.prompts.texts is not None:
        return tuple((text,) if isinstance(text, str) else text for text in entry.prompts.texts)
    return None


def _sha256(spec: Workload, conversations: Mapping[str, tuple[Conversation, ...]], trace: Trace | None) -> str:
    content = {"format": _FORMAT, "synthetic_text": text_version(), **spec.content()}
    for entry in content["mix"] or ():
        entry["prompts"] = {"texts": conversations.get(entry["name"]), "tokens": entry["prompts"]["tokens"]}
    if trace is not None:
        content["trace"]["file"] = trace.sha256
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
