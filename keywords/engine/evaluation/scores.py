"""The score of a run by one scorer: rates with intervals, and every outcome counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from keywords.engine.evaluation import storage
from keywords.engine.evaluation.items import DatasetError
from keywords.engine.evaluation.marks import Outcome
from keywords.engine.evaluation.scorers import SCORERS
from keywords.engine.evaluation.scorers import scorer as find_scorer
from keywords.engine.statistics.clusters import Rate, clustered_rate
from keywords.engine.statistics.intervals import clopper_pearson_lower, clopper_pearson_upper

if TYPE_CHECKING:
    from keywords.engine.evaluation.items import Item
    from keywords.engine.evaluation.marks import Mark
    from keywords.engine.evaluation.storage import StoredAnswer
    from keywords.engine.store.database import Store
    from keywords.engine.store.runs import Run

Place = tuple[str, int, int]
"""Item, draw and rotation of an answer."""


@dataclass(frozen=True, eq=False, repr=False)
class Score:
    """What a scorer says of a run.

    Attributes:
        run: the run.
        scorer: the scorer's name.
        items: by id, in the order of the file.
        answers: by item, draw and rotation.
        marks: as the answers.
    """

    run: Run
    scorer: str
    items: dict[str, Item]
    answers: dict[Place, StoredAnswer]
    marks: dict[Place, Mark]

    def __repr__(self) -> str:
        return f"Score(run {self.run.id}, {self.run.options['label']}, {self.passed} of {self.valid_items} items)"

    @cached_property
    def counts(self) -> dict[str, tuple[int, int]]:
        """Right answers and all answers of each item that has any; requests without a reply do not count."""
        hits: Counter[str] = Counter()
        draws: Counter[str] = Counter()
        for (item, _, _), mark in self.marks.items():
            if mark.outcome is not Outcome.ERROR:
                draws[item] += 1
                hits[item] += mark.outcome is Outcome.CORRECT
        return {item: (hits[item], draws[item]) for item in self.items if draws[item]}

    @cached_property
    def outcomes(self) -> dict[Outcome, int]:
        """How many answers fared how; every outcome has its number."""
        counted = Counter(mark.outcome for mark in self.marks.values())
        return {outcome: counted[outcome] for outcome in Outcome}

    @property
    def failures(self) -> dict[str, int]:
        """How many requests got no reply, by the reason."""
        return dict(Counter(str(one.asked.failure) for one in self.answers.values() if one.asked.failure))

    @property
    def draws(self) -> int:
        """The number of answers that were marked."""
        return sum(draws for _, draws in self.counts.values())

    @property
    def hits(self) -> int:
        """The number of right answers."""
        return sum(hits for hits, _ in self.counts.values())

    @property
    def valid_items(self) -> int:
        """The number of items with an answer."""
        return len(self.counts)

    @property
    def missing(self) -> int:
        """The number of items without an answer."""
        return len(self.items) - self.valid_items

    @cached_property
    def passes(self) -> dict[str, bool]:
        """Whether more than half of an item's answers are right; items without an answer are left out."""
        return {item: 2 * hits > draws for item, (hits, draws) in self.counts.items()}

    @property
    def passed(self) -> int:
        """The number of items of which more than half of the answers are right."""
        return sum(self.passes.values())

    @cached_property
    def rate(self) -> Rate:
        """The share of right answers, with Wilson's 95 % interval, clustered by item.

        Raises:
            TooFewItemsError: fewer than 5 items have an answer.
        """
        return clustered_rate(list(self.counts.values()))

    @property
    def mean_value(self) -> float:
        """The mean value of all marks, 0 to 1; it differs from the rate where parts of an answer count.

        Raises:
            DatasetError: no request got a reply.
        """
        values = [mark.value for mark in self.marks.values() if mark.outcome is not Outcome.ERROR]
        if not values:
            raise self._nothing()
        return sum(values) / len(values)

    @property
    def lower_bound(self) -> float:
        """The exact one-sided 95 % lower bound of the share of passed items (Clopper-Pearson).

        It holds whatever the items without an answer would have been: none of them is taken for passed.

        Raises:
            DatasetError: no request got a reply.
        """
        if not self.valid_items:
            raise self._nothing()
        return clopper_pearson_lower(self.passed, len(self.items))

    @property
    def upper_bound(self) -> float:
        """The exact one-sided 95 % upper bound of the share of passed items (Clopper-Pearson).

        It holds whatever the items without an answer would have been: all of them are taken for passed.

        Raises:
            DatasetError: no request got a reply.
        """
        if not self.valid_items:
            raise self._nothing()
        return clopper_pearson_upper(self.passed + self.missing, len(self.items))

    @property
    def cut(self) -> int:
        """The number of answers that reached their limit of tokens."""
        return sum(one.asked.finish_reason == "length" for one in self.answers.values())

    @property
    def cached(self) -> int:
        """The number of answers that an earlier run gave."""
        return sum(one.cached for one in self.answers.values())

    @property
    def other_models(self) -> dict[str, int]:
        """How many answers name which model that was not asked; an answer without a name is not counted."""
        names = Counter(one.asked.model for one in self.answers.values())
        return {name: count for name, count in names.items() if name and name != self.run.model}

    @property
    def repeated_items(self) -> int:
        """The number of items that ask what an earlier one asks, word for word: their answers are not independent."""
        return len(self.items) - len({(one.context, one.question, one.choices) for one in self.items.values()})

    @cached_property
    def unchanging_items(self) -> int:
        """The number of items all of whose draws are the same text, character by character."""
        texts: dict[tuple[str, int], set[str]] = {}
        for one in self.answers.values():
            if one.asked.reply is not None:
                texts.setdefault((one.item, one.rotation), set()).add(one.asked.reply.text)
        changing = {item for (item, _), said in texts.items() if len(said) > 1}
        return len({item for item, _ in texts} - changing)

    def _nothing(self) -> DatasetError:
        why = ", ".join(f"{count} {failure}" for failure, count in self.failures.items()) or "nothing was asked"
        return DatasetError(f"run {self.run.id}: no request got a reply ({why}), so there is no score")


def read_score(store: Store, run: int, scorer: str = "") -> Score:
    """The score of a stored run.

    Args:
        store: opened with the tables of evaluation.
        run: its id.
        scorer: the name of one that has marked it; the first of the run if empty.

    Raises:
        DatasetError: the run is of another kind, or that scorer has not marked it.
        StoreError: there is no such run.
    """
    stored = storage.read_evaluation(store, run)
    name = scorer or stored.options["scorers"][0]
    answers = {one.place: one for one in storage.read_answers(store, run)}
    marks = storage.read_marks(store, run, name)
    if answers.keys() != marks.keys():
        raise DatasetError(f"run {run} is not marked by {name}: `qa score {run} --scorer {name}` does it")
    return Score(stored, name, storage.read_items_of(store, run), answers, marks)


def stale_runs(store: Store) -> dict[int, list[str]]:
    """The runs with marks of a scorer whose code has changed since, or that is gone: their ids and the scorers."""
    found: dict[int, list[str]] = {}
    asked = "SELECT DISTINCT run, scorer, scorer_digest FROM evaluation_marks ORDER BY run, scorer"
    for run, name, digest in store.query(asked):
        if name not in SCORERS or SCORERS[name].digest != digest:
            found.setdefault(run, []).append(name)
    return found


def mark_again(store: Store, run: int, scorer: str) -> Score:
    """Mark the stored answers of a run, without asking the model, and give the new score.

    Raises:
        DatasetError: the scorer does not fit the run's items.
        StoreError: there is no such run.
    """
    stored, chosen = storage.read_evaluation(store, run), find_scorer(scorer)
    items = storage.read_items_of(store, run)
    if chosen.needs_choices and not all(item.choices for item in items.values()):
        raise DatasetError(f"{chosen.name} needs choices, and the items of {stored.options['label']} have none")
    answers = list(storage.read_answers(store, run))
    if chosen.needs_logprobs and not any(one.asked.reply and one.asked.reply.first_token for one in answers):
        raise DatasetError(f"{chosen.name} needs logprobs, and run {run} has none; ask again with --logprobs")
    marked = ((one.place, storage.marks_of(one.asked, items[one.item], one.rotation, [chosen])) for one in answers)
    storage.write_marks(store, run, marked)
    return read_score(store, run, scorer)
