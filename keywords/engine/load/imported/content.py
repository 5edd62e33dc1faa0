"""Content of another load generator's file, before it is stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from keywords.engine.load.errors import LoadInputError
from keywords.engine.load.failures import of_status

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from keywords.engine.load.imported.definitions import Tool
    from keywords.engine.load.imported.figures import Figure
    from keywords.engine.load.sample import ErrorClass, Sample

UNKNOWN_VERSION = "of unknown version"
_LAST_STATUS = 599


class ImportedFileError(LoadInputError):
    """A file cannot be imported; the message names file, field and remedy."""


def failure_of(status: int | None) -> tuple[int | None, ErrorClass]:
    """The status of HTTP and the class of a failed request; what is no status of an error has neither."""
    if status is None or not HTTPStatus.BAD_REQUEST <= status <= _LAST_STATUS:
        return None, "unknown"
    return status, of_status(status, b"").error


@dataclass(frozen=True, slots=True)
class ImportedStage:
    """A stage of an imported run, in seconds from the run's start.

    Attributes:
        began: of the measured time.
        ended: of the measured time.
        users: of a closed loop; None if the file does not tell.
        rate: arrivals per second of an open loop; None if the file does not tell.
    """

    began: float
    ended: float
    users: int | None = None
    rate: float | None = None


@dataclass(frozen=True, slots=True)
class ImportedRun:
    """A load run of another tool.

    Attributes:
        tool: which one.
        version: of the tool, or `UNKNOWN_VERSION`.
        files: that it was read from.
        started_at: seconds since the epoch.
        duration_s: from the start to the last end.
        stages: at least one.
        samples: in the order of the file, their times in seconds from the run's start; empty if the file has only
            figures.
        figures: as the tool computed them.
        notes: what the user has to know of it, one sentence each.
        unmapped: names in the file that are no metric of ours.
        target: address of the server; None if the file does not tell.
        model: None if the file does not tell.
        workload: what was sent, as JSON holds it; None if the file does not tell.
        options: what the tool was asked to do, as far as the file tells.
        environment: of the tool's machine, as far as the file tells.
        interrupted: whether it was ended early.
    """

    tool: Tool
    version: str
    files: tuple[Path, ...]
    started_at: float
    duration_s: float
    stages: tuple[ImportedStage, ...]
    samples: tuple[Sample, ...] = field(repr=False)
    figures: tuple[Figure, ...] = field(repr=False)
    notes: tuple[str, ...]
    unmapped: tuple[str, ...]
    target: str | None = None
    model: str | None = None
    workload: Any = None
    options: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    interrupted: bool = False
