"""Playing: a tool's run before the scripted backend, judged by the backend's record of it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keywords.engine.scripted.script import Script
from ops.bench.conformance.facts import Fact, Mark, mark_of
from ops.bench.conformance.tools import run
from ops.bench.referee.tools import ToolError

if TYPE_CHECKING:
    from pathlib import Path

    from keywords.engine.scripted.backend import ScriptedBackend
    from ops.bench.conformance.plays import Play
    from ops.bench.conformance.tools import Tool

_METRICS = "/metrics"
_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Judged:
    """One run of a tool, judged.

    Attributes:
        part: which run of the case it was.
        command: the command line; empty if the tool cannot play it.
        facts: what it told beside the truth.
        lines: of its own result files.
        warnings: that it gave.
        note: why there is no run, or what another option changes; empty without.
    """

    part: str
    command: str
    facts: tuple[Fact, ...]
    lines: tuple[str, ...]
    warnings: tuple[str, ...]
    note: str = ""

    @property
    def mark(self) -> Mark:
        """The mark for all facts; a tool that cannot play a run reports nothing of it."""
        return mark_of(self.facts) if self.facts else "not reported"


def judge(tool: Tool, play: Play, backend: ScriptedBackend, folder: Path) -> Judged:
    """Let a tool measure one run of a case, and hold what it reports against the truth.

    Raises:
        ToolError: it did not end, sent nothing, or wrote no results.
    """
    if reason := tool.cannot(play):
        return Judged(play.part, "", (), (), (), reason)
    _set_up(tool, play, backend)
    with _later_page(tool, play, backend):
        command = run(tool, play, backend.url, folder)
    records = backend.chat_requests()[tool.leads :]
    if not records:  # then 0 requests and 0 failures would be right
        raise ToolError(f"{play.name}: no request came; its log stands in {folder / 'log.txt'}")
    reported = tool.read(play, folder)
    facts = tuple(play.facts(reported, records))
    return Judged(play.part, command, facts, tuple(reported.lines), tuple(reported.warnings))


def _set_up(tool: Tool, play: Play, backend: ScriptedBackend) -> None:
    if len(play.scripts) == 1 or not tool.leads:
        backend.play(*(Script(),) * tool.leads, *play.scripts, cycle=not tool.leads)
    else:
        rounds = -(-play.requests // len(play.scripts))
        backend.play(*(Script(),) * tool.leads, *play.scripts * rounds)
    if play.page is not None:
        backend.play(_page(_before(play.page)), path=_METRICS)
    backend.forget_requests()


def _page(body: bytes) -> Script:
    return Script(body=body, headers={"content-type": "text/plain; version=0.0.4"})


def _before(page: bytes) -> bytes:
    """The page of a server that has counted nothing yet."""
    return b"\n".join(
        line if line.startswith(b"#") or not line else line.rpartition(b" ")[0] + b" 0" for line in page.splitlines()
    )


class _later_page:  # noqa: N801  # a context manager
    """Shows a play's page once requests have come, as a server counts."""

    def __init__(self, tool: Tool, play: Play, backend: ScriptedBackend) -> None:
        self._page, self._leads, self._backend = play.page, tool.leads, backend
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> None:
        if self._page is not None:
            self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(_EVERY_S):
            if len(self._backend.chat_bodies()) > self._leads:
                assert self._page is not None  # noqa: S101  # only then it watches
                self._backend.play(_page(self._page), path=_METRICS)
                return
