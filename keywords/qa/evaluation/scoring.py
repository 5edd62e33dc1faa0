"""The work of `qa score` and `qa replay`: stored answers marked anew, and stored requests sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from keywords.engine.evaluation import storage
from keywords.engine.evaluation.items import DatasetError
from keywords.engine.evaluation.pages import write_run_page
from keywords.engine.evaluation.prompting import Question
from keywords.engine.evaluation.scorers import SCORERS, scorer
from keywords.engine.evaluation.scores import mark_again, read_score, stale_runs
from keywords.engine.evaluation.sentences import sentence
from keywords.engine.evaluation.together import ask_together
from keywords.engine.http.probe import ProbeError
from keywords.engine.store.errors import StoreError
from keywords.qa import exits
from keywords.qa.evaluation.asking import PAGES, page_unwritable
from keywords.qa.project import results_folder
from keywords.qa.saying import say
from keywords.qa.served import served
from keywords.qa.server import ServerError
from keywords.qa.stored import open_store
from keywords.qa.unusable import exit_unusable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from keywords.engine.evaluation.asking import Asked
    from keywords.engine.evaluation.marks import Mark


def score(path: Path, run: int | None, scorers: Sequence[str], *, mark_stale: bool, page: Path | None) -> int:
    """Mark a run by scorers, or all stale runs anew; name those that stay stale; return the exit code."""
    try:
        with open_store(path) as store:
            if run is not None:
                for name in dict.fromkeys(scorers or storage.read_evaluation(store, run).options["scorers"]):
                    score = mark_again(store, run, name)
                    say(sentence(score))
                    to = page or results_folder() / PAGES / f"run-{run}.html"
                    say(str(write_run_page(to, [score])))
            if mark_stale:
                for one, names in stale_runs(store).items():
                    for name in (name for name in names if name in SCORERS):
                        say(f"run {one}: {sentence(mark_again(store, one, name))}")
            stale = stale_runs(store)
    except (DatasetError, StoreError) as error:
        exit_unusable(error)
    except OSError as error:
        exit_unusable(page_unwritable(error))
    for one, names in stale.items():
        typer.echo(f"stale: run {one}, marked by an earlier {', '.join(names)}; `qa score --stale` marks it anew")
    if run is None and not stale:
        typer.echo("no run is stale")
    return exits.FAIL if stale else exits.PASS


def replay(path: Path, run: int, place: tuple[str, int, int], url: str | None) -> int:
    """Send a stored request again, and show both answers; return the exit code."""
    try:
        with open_store(path) as store:
            stored = storage.read_evaluation(store, run)
            answers = {one.place: one for one in storage.read_answers(store, run)}
            item = storage.read_items_of(store, run).get(place[0])
            if (before := answers.get(place)) is None or item is None:
                some = ", ".join(dict.fromkeys(one for one, _, _ in answers))
                exit_unusable(
                    f"run {run} has no answer {place[0]}, draw {place[1]}, rotation {place[2]}; it has {some}"
                )
            name = stored.options["scorers"][0]
            old = read_score(store, run, name).marks[place]
        with served(url, str(stored.model)) as server:
            question = Question(*place, before.request.encode())
            ((_, again),) = ask_together(server.client, iter([question]), 1)
    except (DatasetError, StoreError, ProbeError, ServerError) as error:
        exit_unusable(error)
    new = storage.marks_of(again, item, place[2], [scorer(name)])[SCORERS[name]]
    say(before.request)
    say(f"stored: {_shown(before.asked, old)}")
    say(f"now:    {_shown(again, new)}")
    if again.reply is None:
        return exits.NO_VERDICT
    return exits.PASS if new.outcome is old.outcome else exits.FAIL


def _shown(asked: Asked, mark: Mark) -> str:
    return f"{mark.outcome}: {asked.detail if asked.reply is None else repr(asked.reply.text)}"
