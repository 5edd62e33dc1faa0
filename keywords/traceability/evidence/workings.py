"""The files that a row and its suites worked with, below `work`: where they lie, and what gateways logged meanwhile."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from keywords.engine.evidence.folders import work_of_row, work_of_suite

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

GATEWAY_LOGS = "gateway-*.log"
LOG = "log.html"
_PASSING = ("-wal", "-shm", "-journal")
"""Ends of the names of files that SQLite removes when its last user closes a database."""


@dataclass(frozen=True, slots=True)
class Links:
    """What lies in one folder of workings, as links of an evidence page.

    Attributes:
        owner: the full name of the suite, or empty for the row itself.
        folder: the link to the folder.
        files: names and links of what lies in it; of a run within the run, of its log.
    """

    owner: str
    folder: str
    files: tuple[tuple[str, str], ...]


class Workings:
    """The folders of workings of a row and of the suites around it.

    Made when the row begins, it notes how long the logs of the gateways are by then.

    Args:
        output_dir: Robot's `${OUTPUT DIR}`.
        suites: full names of the suites around the row, its own first.
        row: the name of the row.
        own: the files of this process in the folders of the outer suites, if other processes leave theirs there too;
            None if they do not.
    """

    def __init__(
        self, output_dir: Path, suites: Sequence[str], row: str, *, own: Collection[Path] | None = None
    ) -> None:
        self._own = own
        self._suite = work_of_suite(output_dir, suites[0])
        self.of_row = work_of_row(output_dir, suites[0], row)
        self._of_suites = {suite: work_of_suite(output_dir, suite) for suite in suites}
        self._sizes = {log: log.stat().st_size for log in self._logs()}

    def grown_logs(self) -> list[tuple[str, Path, int]]:
        """The gateways' logs that have grown since the row began.

        Returns:
            For each a name that tells it from the others, the log, and its size in bytes when the row began.
        """
        logs = [(log, self._sizes.get(log, 0)) for log in self._logs()]
        return [(self._name(log), log, size) for log, size in logs if log.stat().st_size > size]

    def links(self, page_folder: Path) -> list[Links]:
        """What lies in each of the folders, the row's own first; those without anything are left out.

        Args:
            page_folder: the folder of the page that shows the links.
        """
        links = []
        for owner, folder in {"": self.of_row, **self._of_suites}.items():
            held = [(name, path) for name, path in _held(folder, with_folders=not owner) if self._is_of_this_row(path)]
            files = tuple((name, _link(path, page_folder)) for name, path in held)
            if files:
                links.append(Links(owner, f"{_link(folder, page_folder)}/", files))
        return links

    def _logs(self) -> list[Path]:
        folders = (self.of_row, *self._of_suites.values())
        logs = [log for folder in folders for log in sorted(folder.glob(GATEWAY_LOGS))]
        return [log for log in logs if self._is_of_this_row(log)]

    def _is_of_this_row(self, path: Path) -> bool:
        """Whether the file is of this row, its suite, or of this process in the folder of an outer suite."""
        return self._own is None or self._suite in path.parents or path in self._own

    def _name(self, log: Path) -> str:
        return log.name if log.parent == self.of_row else f"{log.stem}-of-{log.parent.name}{log.suffix}"


def _held(folder: Path, *, with_folders: bool) -> Iterable[tuple[str, Path]]:
    """Names and paths of what lies in a folder of workings; the folders in that of a suite are those of its rows."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_file() and not path.name.endswith(_PASSING):
            yield path.name, path
        elif (log := path / LOG).is_file():
            yield f"{path.name}/{LOG}", log
        elif path.is_dir() and with_folders:
            yield f"{path.name}/", path


def _link(path: Path, page_folder: Path) -> str:
    return quote(Path(os.path.relpath(path, page_folder)).as_posix())
