"""The output of a run: its folder is locked and emptied before the first row, and holds the run's facts after the last.

Of a run that several processes share, `qa run` does both, once.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from robot.libraries.BuiltIn import BuiltIn

from keywords.engine.evidence.folders import EVIDENCE_FOLDER
from keywords.hooks.locking import lock_output
from keywords.hooks.sharing import log_id
from keywords.run.output_folder import output_dir
from keywords.run.output_lock import set_aside
from keywords.run.shared_run import current_part, read_plan
from keywords.traceability.evidence.earlier_run import RUN_FILE, remove_own
from keywords.traceability.evidence.left_behind import write_plan
from keywords.traceability.evidence.row import GatewayFacts, begin_run, end_run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from robot import running

    from keywords.traceability.rows import Row


def lock(*, may_set_aside: bool) -> Callable[[], None]:
    """Lock the folder for this run, and return what gives the output file its name back at the end.

    Args:
        may_set_aside: whether this process hears of the end of the run, to give the name back.

    Raises:
        FolderInUseError: another run writes into the folder.
        OSError: the lock cannot be written.
    """
    if current_part():
        return _nothing
    output = Path(str(BuiltIn().get_variable_value("${OUTPUT FILE}")))
    lock_output(output_dir(), output)
    return set_aside(output) if may_set_aside else _nothing


def empty() -> None:
    """Remove what an earlier run left: Robot's new log replaces its log, even if this run starts no row."""
    if not current_part():
        remove_own(output_dir())


def begin(rows: Sequence[Row]) -> None:
    """Mark the folder of evidence as this run's, and note which rows it is about to run."""
    part = current_part()
    if not part:
        begin_run(output_dir())
    # A process that shares a run has already lost the suites that others claimed.
    plan = read_plan(part.folder) if part else None
    write_plan(output_dir(), plan.all_rows() if plan else rows)


def end(environment: dict[str, str], gateway: GatewayFacts) -> None:
    """Write the facts about the run."""
    part = current_part()
    end_run(part.facts if part else output_dir() / EVIDENCE_FOLDER / RUN_FILE, environment, gateway)


def log_of_row(row: running.TestCase, folder: Path) -> str | None:
    """The link from a row's evidence, which lies in a folder, to the row in Robot's log; None if there is no log."""
    part = current_part()
    log = str(part.log) if part else str(BuiltIn().get_variable_value("${LOG FILE}"))
    if log in {"NONE", "None"}:
        return None
    return f"{quote(Path(os.path.relpath(log, folder)).as_posix())}#{log_id(row)}"


def _nothing() -> None:
    """Give nothing back: nothing was set aside."""
