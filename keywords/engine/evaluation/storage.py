"""Evaluation runs in the store: what was asked, answered and marked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from keywords.engine.evaluation.asking import Asked, Failure
from keywords.engine.evaluation.items import DatasetError, Item
from keywords.engine.evaluation.marks import Mark, Outcome, Reply, not_correct
from keywords.engine.evaluation.prompting import rotated
from keywords.engine.evaluation.stored_options import check_options
from keywords.engine.evaluation.tables import ANSWERS, ITEMS, MARKS
from keywords.engine.store.errors import readable
from keywords.engine.store.runs import Run, read_run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from keywords.engine.evaluation.prompting import Question
    from keywords.engine.evaluation.scorers import Scorer
    from keywords.engine.store.database import Store

KIND: Final = "evaluation"
OF_TARGET: Final = "of_target"
"""Name in a run's environment: whether it asked the server under test, not a stand-in or a bare backend."""
_ANSWERS = (
    "SELECT item, draw, rotation, request, failure, detail, reply, first_token, finish_reason, completion_tokens, "
    "total_s, cached, refused, answered_by FROM evaluation_answers"
)


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer of a run.

    Attributes:
        item: its id.
        draw: from 0.
        rotation: by how many places the choices were turned.
        request: body as sent.
        asked: what came of it.
        cached: whether it is an earlier run's answer.
    """

    item: str
    draw: int
    rotation: int
    request: str
    asked: Asked
    cached: bool

    @property
    def place(self) -> tuple[str, int, int]:
        """What tells it from the run's other answers."""
        return self.item, self.draw, self.rotation


def read_evaluation(store: Store, run: int) -> Run:
    """The run with this id.

    Raises:
        DatasetError: it is of another kind.
        StoreError: there is no such run.
    """
    found = read_run(store, run)
    if found.kind != KIND:
        raise DatasetError(f"run {run} is of the kind {found.kind!r}; name an evaluation, which `qa eval` makes")
    check_run(store, found)
    return found


def check_run(store: Store, run: Run) -> None:
    """Verify that a program of ours wrote a run and its items.

    Raises:
        StoreError: none did.
    """
    without_item = (
        "SELECT item FROM evaluation_answers WHERE run = ?1 "
        "AND item NOT IN (SELECT item FROM evaluation_items WHERE run = ?1) LIMIT 1"
    )
    with readable(store.path, f"run {run.id}"):
        check_options(run.options)
        if not isinstance(run.model, str):
            raise TypeError(run.model)
        if missing := list(store.query(without_item, (run.id,))):
            raise KeyError(missing)


def write_items(store: Store, run: int, items: Iterable[Item]) -> None:
    """Store what a run asks, so that its answers can be marked anew without the file."""
    store.insert(
        ITEMS,
        [
            (run, one.id, number, one.question, one.context, one.references, one.choices, one.right, one.wrong)
            for number, one in enumerate(items, 1)
        ],
    )


def read_items_of(store: Store, run: int) -> dict[str, Item]:
    """The items of a run by id, in their order."""
    chosen = (
        "SELECT item, question, context, accepted, choices, right_choice, wrong FROM evaluation_items "
        "WHERE run = ? ORDER BY position"
    )
    with readable(store.path, f"items of run {run}"):
        return {row[0]: _item(row) for row in store.query(chosen, (run,))}


def _item(row: tuple[Any, ...]) -> Item:
    id_, question, context, accepted, choices, right, wrong = row
    texts = tuple(tuple(str(text) for text in json.loads(listed)) for listed in (accepted, choices, wrong))
    if right not in ((None,) if not texts[1] else range(len(texts[1]))):
        raise ValueError(right)
    return Item(id_, question, texts[0], context=context, choices=texts[1], right=right, wrong=texts[2])


def write_answer(
    store: Store, run: int, question: Question, key: str, asked: Asked, marks: dict[Scorer, Mark], *, cached: bool
) -> None:
    """Store an answer with its marks, at once on disk."""
    reply = asked.reply
    answer = (
        *(run, question.item, question.draw, question.rotation, question.body.decode(), key),
        *(asked.failure, asked.detail, reply and reply.text, reply and reply.first_token),
        *(asked.finish_reason, asked.completion_tokens, asked.total_s, cached, reply and reply.refused, asked.model),
    )
    with store.transaction():
        store.insert(ANSWERS, [answer])
        write_marks(store, run, [((question.item, question.draw, question.rotation), marks)])


def write_marks(store: Store, run: int, marked: Iterable[tuple[tuple[str, int, int], dict[Scorer, Mark]]]) -> None:
    """Store marks, each in the place of an earlier one of the same scorer."""
    store.replace(
        MARKS,
        [
            (run, *place, scorer.name, scorer.digest, mark.outcome, mark.value, mark.extracted)
            for place, marks in marked
            for scorer, mark in marks.items()
        ],
    )


def read_answers(store: Store, run: int) -> Iterator[StoredAnswer]:
    """The answers of a run, in the order in which they came."""
    with readable(store.path, f"answers of run {run}"):
        for row in store.query(f"{_ANSWERS} WHERE run = ? ORDER BY rowid", (run,)):
            yield _answer(row)


def cached_places(store: Store) -> dict[str, int]:
    """Where the last reply to each request that was ever sent is stored, by the request's key."""
    chosen = "SELECT cache_key, rowid FROM evaluation_answers WHERE failure IS NULL AND NOT cached ORDER BY rowid"
    return dict(store.query(chosen))


def answer_at(store: Store, place: int) -> Asked:
    """The answer that is stored there."""
    (row,) = store.query(f"{_ANSWERS} WHERE rowid = ?", (place,))
    return _answer(row).asked


def read_marks(store: Store, run: int, scorer: str) -> dict[tuple[str, int, int], Mark]:
    """The marks that a scorer gave to a run, by item, draw and rotation."""
    chosen = (
        "SELECT item, draw, rotation, outcome, value, extracted FROM evaluation_marks WHERE run = ? AND scorer = ? "
        "ORDER BY rowid"
    )
    with readable(store.path, f"marks of run {run}"):
        return {
            (item, draw, rotation): Mark(Outcome(outcome), value, extracted)
            for item, draw, rotation, outcome, value, extracted in store.query(chosen, (run, scorer))
        }


def marks_of(asked: Asked, item: Item, rotation: int, scorers: Iterable[Scorer]) -> dict[Scorer, Mark]:
    """What each scorer says of an answer; a request without a reply is a transport error to all of them."""
    if asked.reply is None:
        return dict.fromkeys(scorers, not_correct(Outcome.ERROR, None))
    if asked.reply.refused:
        return dict.fromkeys(scorers, not_correct(Outcome.REFUSED, None))
    turned, reply = rotated(item, rotation), asked.reply
    return {one: one.mark(reply, turned) for one in scorers}


def _answer(row: tuple[Any, ...]) -> StoredAnswer:
    item, draw, rotation, request, failure, detail, text, first_token, finish, tokens, total_s, cached, *rest = row
    refused, model = rest
    if not isinstance(request, str) or not isinstance(text, str | None):
        raise TypeError(text)
    reply = None if text is None else Reply(text, first_token and json.loads(first_token), refused=bool(refused))
    asked = Asked(reply, failure and Failure(failure), detail, finish, tokens, total_s, model)
    return StoredAnswer(item, draw, rotation, request, asked, bool(cached))
