"""Evaluation runs: many requests at once, each answer on disk as soon as it came."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from keywords.engine.evaluation import storage
from keywords.engine.evaluation.items import DatasetError
from keywords.engine.evaluation.prompting import Question, Sampling, questions
from keywords.engine.evaluation.scorers import scorer
from keywords.engine.evaluation.tables import ROOM
from keywords.engine.evaluation.together import ask_together
from keywords.engine.store.cleaning import clean_url
from keywords.engine.store.database import Store
from keywords.engine.store.runs import RUNS, begin_run, end_run
from keywords.engine.store.turns import run_alone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from keywords.engine.evaluation.asking import Asked
    from keywords.engine.evaluation.catalogue import Catalogue, EvaluationSet
    from keywords.engine.evaluation.items import Item
    from keywords.engine.evaluation.scorers import Scorer
    from keywords.engine.openai.client import ChatClient
    from keywords.engine.store.runs import Run


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run asks.

    Attributes:
        dataset: the set.
        sampling: how answers are drawn.
        scorers: names of scorers; that of the set if empty.
        series: name under which runs are compared; that of the set if empty.
        concurrency: requests at once.
        use_cache: whether an answer of an earlier run to an equal request is taken instead of asking.
    """

    dataset: EvaluationSet
    sampling: Sampling
    scorers: tuple[str, ...] = ()
    series: str = ""
    concurrency: int = 4
    use_cache: bool = False

    @property
    def is_standard(self) -> bool:
        """Whether it asks the whole set anew as the catalogue says, once, at temperature 0, for the set's own mark."""
        own = (self.scorers or (self.dataset.settings.scorer,))[0] == self.dataset.settings.scorer
        return own and self.dataset.is_whole and not self.use_cache and replace(self.sampling, seed=None) == Sampling()

    def chosen_scorers(self) -> list[Scorer]:
        """The scorers.

        Raises:
            DatasetError: there is no such scorer, or it does not fit the set.
        """
        chosen = [scorer(name) for name in self.scorers or (self.dataset.settings.scorer,)]
        for one in chosen:
            if one.needs_choices and not all(item.choices for item in self.dataset.items):
                raise DatasetError(f"{one.name} needs choices, and the items of {self.dataset.label} have none")
            if one.needs_logprobs and not self.sampling.logprobs:
                raise DatasetError(f"{one.name} needs logprobs: ask for them")
        return chosen


def run_evaluation(
    path: Path,
    client: ChatClient,
    plan: Plan,
    *,
    server: str = "",
    environment: Mapping[str, object] | None = None,
    resume: int | None = None,
    on_begin: Callable[[int], None] = lambda _run: None,
    on_answer: Callable[[int, int], None] = lambda _done, _all: None,
) -> int:
    """Ask all items of a set, mark the answers, and store all of it.

    Args:
        path: of the store of measurements.
        client: of the server; its model is asked.
        plan: what to ask.
        server: kind and version of the server, for the record and the cache.
        environment: machine and versions, for the record.
        resume: a run that was interrupted; its answers stay, and the rest is asked.
        on_begin: called with the run's id before anything is asked.
        on_answer: called with the counts of answers and of all requests.

    Returns:
        The run's id.

    Raises:
        DatasetError: a scorer does not fit the set, or the run to be resumed asked something else.
        StoreError: the store cannot be used, or another program is at the run to be resumed.
        KeyboardInterrupt: Ctrl-C; what was answered is stored, and the run can be resumed.
    """
    scorers = plan.chosen_scorers()
    with Store(path, ROOM) as store:
        if resume is None:
            run = begin(store, client.base_url, client.model, plan, {**(environment or {}), "server": server})
        else:
            run = storage.read_evaluation(store, resume).id
        with run_alone(path, run):
            if resume is not None:
                _resume(store, run, client, plan)
            on_begin(run)
            try:
                _Work(store, run, client, plan, scorers, server).do(on_answer)
            except BaseException:
                end_run(store, run, interrupted=True)
                raise
            end_run(store, run)
    return run


class _Work:
    """The work of one run: threads ask, and this thread alone reads and writes the store."""

    def __init__(
        self, store: Store, run: int, client: ChatClient, plan: Plan, scorers: list[Scorer], server: str
    ) -> None:
        self._store = store
        self._run = run
        self._client = client
        self._plan = plan
        self._scorers = scorers
        self._server = server
        self._items: dict[str, Item] = {item.id: item for item in plan.dataset.items}
        self._earlier = storage.cached_places(store) if plan.use_cache else {}

    def do(self, on_answer: Callable[[int, int], None]) -> None:
        done = {answer.place for answer in storage.read_answers(self._store, self._run)}
        total = sum(1 for _ in self._questions())
        rest = (one for one in self._questions() if (one.item, one.draw, one.rotation) not in done)
        count = len(done)
        for question, asked, cached in self._answers(rest):
            marks = storage.marks_of(asked, self._items[question.item], question.rotation, self._scorers)
            storage.write_answer(self._store, self._run, question, self._key(question), asked, marks, cached=cached)
            count += 1
            on_answer(count, total)

    def _questions(self) -> Iterator[Question]:
        dataset = self._plan.dataset
        return questions(dataset.items, dataset.settings, self._client.model, self._plan.sampling)

    def _answers(self, rest: Iterator[Question]) -> Iterator[tuple[Question, Asked, bool]]:
        to_ask = rest
        if self._earlier:
            left: list[Question] = []
            for question in rest:
                if (place := self._earlier.get(self._key(question))) is None:
                    left.append(question)
                else:
                    yield question, storage.answer_at(self._store, place), True
            to_ask = iter(left)
        for question, asked in ask_together(self._client, to_ask, self._plan.concurrency):
            yield question, asked, False

    def _key(self, question: Question) -> str:
        facts = [clean_url(self._client.base_url), self._server, str(question.draw)]
        return hashlib.sha256("\n".join(facts).encode() + b"\n" + question.body).hexdigest()


def plan_of(run: Run, catalogue: Catalogue, *, concurrency: int) -> Plan:
    """The plan of a stored run, to resume it.

    Raises:
        DatasetError: its set is not what it was.
    """
    options = run.options
    file = None if options["own_items"] else Path(options["file"])
    dataset = catalogue.load(options["set"], file, options["items"])
    plan = Plan(
        dataset,
        Sampling(**options["sampling"]),
        tuple(options["scorers"]),
        run.series,
        concurrency=concurrency,
        use_cache=options["use_cache"],
    )
    if _workload(plan) != run.workload_hash:
        raise DatasetError(f"run {run.id} asked something else: {dataset.label} has changed since; begin a new run")
    return plan


def begin(store: Store, url: str, model: str, plan: Plan, environment: Mapping[str, object]) -> int:
    """Add a run with its items to the store, and return its id."""
    dataset = plan.dataset
    options = {
        "set": dataset.settings.name,
        "label": dataset.label,
        "version": dataset.settings.version,
        "form": dataset.settings.form,
        "sha256": dataset.sha256,
        "file": str(dataset.path.resolve()),
        "own_items": dataset.is_own,
        "items": len(dataset.items),
        "scorers": [one.name for one in plan.chosen_scorers()],
        "sampling": asdict(plan.sampling),
        "concurrency": plan.concurrency,
        "use_cache": plan.use_cache,
        "standard": plan.is_standard,
        "resumed": 0,
    }
    run = begin_run(
        store,
        storage.KIND,
        plan.series or dataset.settings.name,
        target=url,
        model=model,
        workload_hash=_workload(plan),
        options=options,
        environment=environment,
    )
    storage.write_items(store, run, dataset.items)
    return run


def _resume(store: Store, run: int, client: ChatClient, plan: Plan) -> None:
    stored = storage.read_evaluation(store, run)
    if (stored.workload_hash, stored.model) != (_workload(plan), client.model):
        raise DatasetError(f"run {run} asked {stored.model} something else; resume it with what it asked")
    if stored.ended is not None and not stored.interrupted:
        raise DatasetError(f"run {run} is finished, nothing is left to ask: begin a new run")
    address, known = clean_url(client.base_url), [stored.target, *stored.options.get("resumed_at", [])]
    options = {
        **stored.options,
        "resumed": stored.options["resumed"] + 1,
        "resumed_at": known[1:] if address in known else [*known[1:], address],
        "concurrency": plan.concurrency,
    }
    if not storage.read_items_of(store, run):  # it was killed before anything was asked
        storage.write_items(store, run, plan.dataset.items)
    store.update(RUNS, {"options": options, "ended": None, "interrupted": False}, {"id": run})


def _workload(plan: Plan) -> str:
    """Of all that is sent but the model's name, so that two models with the same one were asked the same."""
    digest = hashlib.sha256()
    for question in questions(plan.dataset.items, plan.dataset.settings, "", plan.sampling):
        digest.update(question.body + b"\n")
    return digest.hexdigest()
