"""Known bugs at the end of a row: what the register says of the row decides how it ends."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from robot.libraries.BuiltIn import BuiltIn

from keywords.run.output_folder import output_dir
from keywords.traceability.bugs.known import judge, known_defects
from keywords.traceability.bugs.proposal import propose
from keywords.traceability.register.differences import load_target
from keywords.traceability.register.register import BUGS
from keywords.traceability.results import KNOWN_AS

if TYPE_CHECKING:
    from robot import result

    from keywords.traceability.bugs.known import Judgement
    from keywords.traceability.register.register import Register
    from keywords.traceability.rows import Row


class KnownBugs:
    """What is known of the rows of a run: the bugs of the register, and the differences of a foreign server.

    Args:
        register: the register.

    Raises:
        RegisterError: the variable KNOWN_DIFFERENCES names a server of which no file tells.
    """

    def __init__(self, register: Register) -> None:
        name = str(BuiltIn().get_variable_value("${KNOWN_DIFFERENCES}") or "")
        target = load_target(register.path, name) if name else None
        self._folder = register.path.parent / BUGS
        self._known = known_defects(register.bugs, target, name)

    def judge(self, row: Row, result: result.TestCase) -> Judgement | None:
        """How a row that has ended counts; one that shows something otherwise than described fails at once.

        Raises:
            OSError: a change of a bug cannot be proposed.
        """
        judged = judge(row, result.status, result.message, self._known)
        if judged and judged.reopens:
            note = f"the row {row.full_name} failed as described"
            today = dt.datetime.now().astimezone().date()
            propose(self._folder / f"{judged.reopens}.yaml", "re-opened", note, by="qa run", on=today, to=output_dir())
        if judged and judged.status == "FAIL":
            result.status, result.message = judged.status, judged.message
        return judged

    @staticmethod
    def mark(judged: Judgement | None, result: result.TestCase) -> None:
        """Count a row that failed as described as known, once its evidence is written as that of a failed row."""
        if judged and judged.known_as:
            result.metadata[KNOWN_AS] = judged.known_as
            result.status, result.message = judged.status, judged.message
