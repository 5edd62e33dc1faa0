"""The work of `qa eval`: the plans, the runs, the page, the verdict."""

from __future__ import annotations

import platform
import sys
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from keywords.engine.evaluation import storage
from keywords.engine.evaluation.catalogue import Catalogue
from keywords.engine.evaluation.items import DatasetError
from keywords.engine.evaluation.pages import write_run_page
from keywords.engine.evaluation.prompting import Sampling
from keywords.engine.evaluation.runs import Plan, plan_of, run_evaluation
from keywords.engine.evaluation.scorers import SCORERS, scorer
from keywords.engine.evaluation.scores import Score, read_score
from keywords.engine.evaluation.sentences import sentence
from keywords.engine.evaluation.tables import ROOM
from keywords.engine.http.probe import ProbeError
from keywords.engine.redaction.printable import printable
from keywords.engine.store.database import Store
from keywords.engine.store.errors import StoreError
from keywords.qa import exits
from keywords.qa.project import results_folder
from keywords.qa.saying import say
from keywords.qa.served import Served, served
from keywords.qa.server import ServerError
from keywords.qa.stored import open_store
from keywords.qa.unusable import exit_unusable
from keywords.run.places import DATASETS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

PAGES = "evaluation"
"""The folder for pages, in the results."""


def page_unwritable(error: OSError) -> str:
    """Why there is no page, and what to do."""
    return f"the page cannot be written ({error.strerror or error}): name another file with --to"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a command line asks for; the options of `qa eval` say what each means."""

    names: tuple[str, ...] = ()
    everything: bool = False
    url: str | None = None
    model: str = ""
    series: str = ""
    temperature: float = 0.0
    draws: int = 1
    seed: int | None = None
    scorers: tuple[str, ...] = ()
    file: Path | None = None
    limit: int | None = None
    concurrency: int = 4
    use_cache: bool = False
    resume: int | None = None
    at_least: float | None = None
    store: Path
    page: Path | None = None


def list_sets() -> int:
    """Print the sets and the scorers; return the exit code."""
    try:
        catalogue = Catalogue(DATASETS)
        for name, settings in catalogue.sets.items():
            items = len(catalogue.load(name).items)
            typer.echo(f"{name}: {settings.title}, {items} items in the form of {settings.form}, by {settings.scorer}")
            typer.echo(f"    the embedded model: {settings.measured or 'not measured'}")
    except DatasetError as error:
        exit_unusable(error)
    typer.echo("")
    for one in SCORERS.values():
        typer.echo(f"{one.name}: {one.source}")
    return exits.PASS


def evaluate(request: Request) -> int:
    """Run what is asked for, print a sentence for each set, write the page; return the exit code."""
    scores: list[Score] = []
    under_way: list[int] = []
    code = exits.PASS
    try:
        plans, model = _plans(request)
        with served(request.url, model) as server:
            for plan in plans:
                scores.append(_run(request, server, plan, under_way))  # those before an error are shown too
                say(sentence(scores[-1]))
    except (DatasetError, StoreError, ProbeError, ServerError) as error:
        typer.echo(printable(str(error)), err=True)
        code = exits.NO_VERDICT
    except KeyboardInterrupt:
        say("interrupted", err=True)
        code = exits.INTERRUPTED
    for run in under_way:
        say(f"run {run} is not finished: what was answered is stored; `qa eval --resume {run}` asks the rest", err=True)
    if scores:
        page = request.page or results_folder() / PAGES / f"run-{scores[0].run.id}.html"
        try:
            written = write_run_page(page, scores)
        except OSError as error:
            say(page_unwritable(error), err=True)
            code = code or exits.NO_VERDICT
        else:
            say(str(written))
    return code or _unanswered(scores) or _verdict(scores, request.at_least)


def _plans(request: Request) -> tuple[list[Plan], str]:
    """What to run, and the model to ask; empty for the first one that is listed.

    Raises:
        DatasetError: the command line contradicts itself, or a set cannot be used.
        StoreError: the run to be resumed cannot be read.
    """
    catalogue = Catalogue(DATASETS)
    if request.resume is not None:
        if request.names or request.everything:
            raise DatasetError("--resume goes on with a run and its set: name no other")
        with open_store(request.store) as store:
            stored = storage.read_evaluation(store, request.resume)
        return [plan_of(stored, catalogue, concurrency=request.concurrency)], request.model or str(stored.model)
    if request.everything == bool(request.names):
        raise DatasetError(f"name sets, or write --all; there are {', '.join(catalogue.sets)}")
    if request.file and len(request.names) != 1:
        raise DatasetError("--file stands in the place of one set: name that one")
    names = request.names or tuple(catalogue.sets)
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise DatasetError(f"{twice[0]} stands twice; name each set once, and ask more answers with --draws")
    sampling = Sampling(
        request.temperature,
        request.draws,
        request.seed,
        logprobs=any(scorer(name).needs_logprobs for name in request.scorers),
    )
    plans = [
        Plan(
            catalogue.load(name, request.file, request.limit),
            sampling,
            tuple(dict.fromkeys(request.scorers)),
            request.series,
            request.concurrency,
            request.use_cache,
        )
        for name in names
    ]
    for plan in plans:
        plan.chosen_scorers()
    return plans, request.model


def _run(request: Request, server: Served, plan: Plan, under_way: list[int]) -> Score:
    """Ask one set; the run's id stands in `under_way` until it is finished."""
    run = run_evaluation(
        request.store,
        server.client,
        plan,
        server=server.description,
        environment={"machine": platform.platform(), "python": platform.python_version(), storage.OF_TARGET: True},
        resume=request.resume,
        on_begin=under_way.append,
        on_answer=_progress(plan.dataset.settings.name),
    )
    under_way.clear()
    with Store(request.store, ROOM) as store:
        return read_score(store, run)


def _progress(name: str) -> Callable[[int, int], None]:
    """A line that counts on a terminal; nothing elsewhere."""
    if sys.stderr is None or not sys.stderr.isatty():
        return lambda _done, _all: None

    def show(done: int, total: int) -> None:
        typer.echo(f"\r{name}: {done}/{total}{chr(10) if done == total else ''}", err=True, nl=False)

    return show


def _unanswered(scores: Sequence[Score]) -> int:
    for score in scores:
        if not score.valid_items:
            say(f"{score.run.options['set']}: no request got a reply, so there is no score", err=True)
    return exits.NO_VERDICT if any(not score.valid_items for score in scores) else exits.PASS


def _verdict(scores: Sequence[Score], at_least: float | None) -> int:
    if at_least is None:
        return exits.PASS
    codes = []
    for score in scores:
        low, high = score.lower_bound, score.upper_bound
        codes.append(exits.PASS if low >= at_least else exits.FAIL if high < at_least else exits.INCONCLUSIVE)
        word = {exits.PASS: "PASS", exits.FAIL: "FAIL"}.get(codes[-1], "INCONCLUSIVE")
        without = f", {score.missing} of {len(score.items)} without an answer" if score.missing else ""
        say(
            f"{word} {score.run.options['set']}: {score.passed}/{score.valid_items} items{without}, one-sided 95 % "
            f"bounds {low:.3f} and {high:.3f} (Clopper-Pearson), required {at_least:g}"
        )
    if exits.FAIL in codes:
        return exits.FAIL
    return max(codes)
