"""`qa alone`: compares each row's status when run alone with its status in its whole suite."""

from __future__ import annotations

import difflib
import random
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keywords.hooks.suite_model import read_rows
from keywords.qa.signals import passing_signals_on
from keywords.traceability.results import OutputError, read_output
from keywords.traceability.rows import NIGHTLY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from keywords.traceability.results import Run
    from keywords.traceability.rows import Row

_TAIL_LINES = 15


class AloneError(Exception):
    """The rows cannot be compared."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One row in two runs, with the statuses of Robot's report.

    Attributes:
        row: the row.
        whole: its status when its whole suite ran.
        alone: its status when it ran alone.
        message: the message of the run in which it did not pass.
    """

    row: Row
    whole: str
    alone: str
    message: str = ""

    @property
    def differs(self) -> bool:
        """Whether the row depends on others."""
        return self.whole != self.alone

    @property
    def same(self) -> str:
        """Its status both ways; empty if it differs."""
        return "" if self.differs else self.whole


def choose(suites: Path, *, names: Sequence[str] = (), seed: int, count: int) -> dict[str, list[Row]]:
    """Choose suites, and return their rows without the nightly ones, by the suites' full names.

    Args:
        suites: the folder that holds all rows.
        names: ends of the suites' names, such as `limits.rates`; suites are drawn if left out.
        seed: seed of the draw.
        count: number of suites to draw.

    Raises:
        AloneError: a name fits no suite, or there are no rows.
    """
    rows: dict[str, list[Row]] = {}
    try:
        all_rows = read_rows(suites)
    except ValueError as error:
        raise AloneError(str(error)) from error
    for row in all_rows:
        if NIGHTLY not in row.tags:
            rows.setdefault(row.suite, []).append(row)
    if names:
        chosen = [suite for name in names for suite in _ending_with(name, rows)]
    else:
        chosen = random.Random(seed).sample(sorted(rows), min(count, len(rows)))  # noqa: S311  # repeatable on purpose
    if not chosen:
        raise AloneError(f"{suites} holds no rows but nightly ones")
    return {suite: rows[suite] for suite in chosen}


def compare(
    suites: Path, chosen: dict[str, list[Row]], to: Path, echo: Callable[[str], None] = print
) -> Iterator[Compared]:
    """Run each suite whole, then each of its rows alone.

    Args:
        suites: the folder that holds all rows.
        chosen: from `choose`.
        to: the folder for the output of all runs, in a folder for each suite; only these are emptied first.
        echo: prints one line after each run.

    Raises:
        AloneError: a run did not reach its rows, lacks one or has one twice, or a signal stopped it.
    """
    total, done = len(chosen) + sum(map(len, chosen.values())), 0
    for suite, rows in chosen.items():
        folder = to / suite.partition(".")[2].replace(" ", "_").lower()
        shutil.rmtree(folder, ignore_errors=True)
        together = _run(suites, ["--suite", suite], folder / "whole")
        done += 1
        echo(f"[{done}/{total}] {suite}: {len(rows)} rows together")
        for number, row in enumerate(rows, 1):
            whole, why_whole = _status(together, row)
            alone, why_alone = _status(_run(suites, ["--test", row.pattern], folder / f"{number:02}"), row)
            done += 1
            compared = Compared(row, whole, alone, why_whole if alone == "PASS" else why_alone)
            echo(f"[{done}/{total}] {alone}  {row.name}{'  <- differs' if compared.differs else ''}")
            yield compared


def table(compared: Sequence[Compared]) -> list[str]:
    """The lines of a table of all rows, the messages of those that differ, and the counts."""
    lines = [("row", "whole", "alone")]
    lines += [(one.row.full_name.partition(".")[2], one.whole, one.alone) for one in compared]
    names, statuses = (max(len(line[column]) for line in lines) for column in range(2))
    shown = [f"{name:<{names}} | {whole:<{statuses}} | {alone}" for name, whole, alone in lines]
    for one in compared:
        if one.differs:
            shown += ["", f"{one.row.full_name}: {one.whole} with its suite, {one.alone} alone", one.message]
    differing = sum(one.differs for one in compared)
    count = f"{len(compared)} rows, of which {differing or 'none'} differ{'s' if differing == 1 else ''}"
    same = [one.same for one in compared]
    failed, skipped = same.count("FAIL"), same.count("SKIP")
    shown += ["", f"{count}; {failed} failed both ways, {skipped} skipped both ways"]
    return [
        *shown,
        *(["INCONCLUSIVE: no row passed, so none is proven to run alone"] if inconclusive(compared) else []),
    ]


def inconclusive(compared: Sequence[Compared]) -> bool:
    """Whether the rows prove nothing: none differs, and none passed."""
    return not any(one.differs or one.same == "PASS" for one in compared)


def _ending_with(name: str, suites: dict[str, list[Row]]) -> list[str]:
    """The suites whose full names end with a name, which may be written like their files' names."""
    ending = name.lower().replace("_", " ")
    matches = [suite for suite in suites if f".{suite.lower()}".endswith(f".{ending}")]
    if not matches:
        known = {suite.partition(".")[2].lower(): suite for suite in suites}
        near = difflib.get_close_matches(ending, known, n=3, cutoff=0.4) or sorted(known)
        raise AloneError(f"no suite with regular rows is called '{name}'; did you mean {', '.join(near)}?")
    return matches


def _run(suites: Path, which: list[str], folder: Path) -> Run:
    command = [sys.executable, "-m", "robot", "--outputdir", str(folder), "--exclude", NIGHTLY, *which, str(suites)]
    folder.mkdir(parents=True)
    console = folder / "console.txt"
    with console.open("wb") as sink, passing_signals_on() as handler:
        code = handler.call(command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink)
    if handler.by_signal:
        raise AloneError("stopped by a signal")
    try:
        run = read_output(folder / "output.xml")
    except OutputError as error:
        tail = "\n".join(console.read_text("utf-8", "replace").splitlines()[-_TAIL_LINES:])
        raise AloneError(f"`{shlex.join(command)}` ended with {code}:\n{tail}") from error
    if run.interruption:
        raise AloneError(f"`{shlex.join(command)}`: {run.interruption}")
    return run


def _status(run: Run, row: Row) -> tuple[str, str]:
    """Status and message of a row; as in Robot's report, a failed suite teardown fails it too.

    Raises:
        AloneError: the run has no such row, or several.
    """
    results = [result for result in run.results if result.row.full_name == row.full_name]
    if len(results) != 1:
        raise AloneError(f"{run.output} holds {len(results)} results of the row '{row.full_name}', not one")
    result = results[0]
    if run.afterwards and result.status == "PASS":
        return "FAIL", "\n".join(run.afterwards)
    return result.status, result.message
