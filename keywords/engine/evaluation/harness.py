"""Another harness on one of our sets: what it asked, what it took for the answer, and its own mark."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keywords.engine.evaluation import storage
from keywords.engine.evaluation.asking import Asked
from keywords.engine.evaluation.items import DatasetError
from keywords.engine.evaluation.marks import Reply
from keywords.engine.evaluation.prompting import Question, Sampling
from keywords.engine.evaluation.runs import Plan, begin
from keywords.engine.evaluation.tables import ROOM
from keywords.engine.redaction.secrets import SECRETS
from keywords.engine.store.database import Store
from keywords.engine.store.runs import end_run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from keywords.engine.evaluation.catalogue import EvaluationSet

TIMEOUT_S = 600.0
_SHOWN_LINES = 15


class HarnessError(Exception):
    """The harness did not run; the message ends with its last lines."""


@dataclass(frozen=True, slots=True)
class HarnessAnswer:
    """One answer as the harness took it.

    Attributes:
        text: what it holds for the model's text; empty also where it got none.
        correct: its own mark.
        messages: what it asked.
    """

    text: str
    correct: bool
    messages: list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class HarnessRun:
    """A run of a harness.

    Attributes:
        harness: its name and version.
        dataset: the set.
        answers: by item; empty if it gave up.
        exit_code: of its command.
        output: what it printed.
    """

    harness: str
    dataset: EvaluationSet
    answers: dict[str, HarnessAnswer]
    exit_code: int
    output: str

    @property
    def correct(self) -> int:
        """The number of answers that it marks as correct."""
        return sum(one.correct for one in self.answers.values())


def refuse_other_sets(dataset: EvaluationSet) -> None:
    """Refuse a set that is not of short answers.

    Raises:
        DatasetError: it has choices, or questions without an answer.
    """
    if any(item.choices or not item.references for item in dataset.items):
        raise DatasetError(f"{dataset.label}: other harnesses are given sets of short answers only, without choices")


def run_command(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> tuple[int, str]:
    """Run the command of a harness in a folder; return its exit code and what it printed, without secrets."""
    done = subprocess.run(  # noqa: S603  # our own command line
        command, env=dict(environment), cwd=folder, capture_output=True, timeout=TIMEOUT_S, check=False
    )
    return done.returncode, SECRETS.clean((done.stdout + done.stderr).decode(errors="replace"))


def last_lines(output: str) -> str:
    """The end of what a harness printed, for an error."""
    return "\n".join(output.splitlines()[-_SHOWN_LINES:])


def import_run(path: Path, found: HarnessRun, url: str, model: str) -> int:
    """Store the answers of a harness as a run of ours, marked by the set's own scorer.

    Args:
        path: of the store of measurements.
        found: the run.
        url: the server that it asked.
        model: that it asked.

    Returns:
        The run's id.
    """
    dataset = found.dataset
    plan = Plan(dataset, Sampling(), series=f"{dataset.settings.name} by {found.harness}", concurrency=1)
    scorers = plan.chosen_scorers()
    items = {item.id: item for item in dataset.items}
    with Store(path, ROOM) as store:
        run = begin(store, url, model, plan, {"server": f"asked by {found.harness}"})
        for item, answer in found.answers.items():
            body = json.dumps({"model": model, "messages": answer.messages}, ensure_ascii=False).encode()
            asked = Asked(Reply(answer.text), None, "", None, None, 0.0)
            marks = storage.marks_of(asked, items[item], 0, scorers)
            storage.write_answer(store, run, Question(item, 0, 0, body), "", asked, marks, cached=False)
        end_run(store, run)
    return run
