"""Readers of the public sets' file formats, by their form.

| form | files |
| --- | --- |
| gsm8k | JSON lines `question`, `answer` with `#### 18` at its end |
| mmlu | CSV without header: question, A, B, C, D, letter; simple-evals' CSV with a header; JSON lines of `cais/mmlu` |
| truthfulqa | `TruthfulQA.csv`; JSON lines of its configurations `generation` and `multiple_choice` |
| triviaqa | JSON lines `question`, `answer: {value, aliases}` |
| squad | JSON lines `id`, `context`, `question`, `answers: {text, answer_start}`; without a text there is no answer |

A file that ends in `.json` may hold one JSON list instead of lines.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from keywords.engine.evaluation.items import DatasetError, Form, Item
from keywords.engine.evaluation.records import Record, csv_records, decoded, json_records, read_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

LETTERS = "ABCDEFGHIJKLMNOPQRST"
"""Letters of choices; an item of TruthfulQA's `multiple_choice` may have more than ten."""
FEWEST_CHOICES = 2
_GOLD = re.compile(r"#### (-?[0-9.,]+)")
"""`openai/grade-school-math`: grade_school_math/dataset.py, ANS_RE."""
_MMLU_COLUMNS = ("question", "A", "B", "C", "D", "letter")


def read_items(path: Path, form: Form, data: bytes | None = None) -> tuple[Item, ...]:
    """Read all items of a file.

    Args:
        path: the file.
        form: its form.
        data: what it holds; read if left out.

    Raises:
        DatasetError: the file cannot be read, holds no items, or an item lacks what its form needs.
    """
    text = decoded(path, read_bytes(path) if data is None else data)
    records = list(_RECORDS[form](path, text) if path.suffix == ".csv" else json_records(path, text))
    if not records:
        raise DatasetError(f"{path}: it holds no items; give it at least one in the form of {form}")
    items = tuple(_READERS[form](record, number) for number, record in enumerate(records, 1))
    twice = [id_ for id_, count in Counter(item.id for item in items).items() if count > 1]
    if twice:
        second = [record for item, record in zip(items, records, strict=True) if item.id == twice[0]][1]
        raise second.error("id", f"{twice[0]!r} stands twice in the file", "give each item an id of its own")
    return items


def _gsm8k(record: Record, number: int) -> Item:
    answer = record.text("answer")
    gold = _GOLD.search(answer)
    if gold is None or not re.search("[0-9]", gold[1]):
        raise record.error("answer", "it does not end with a number after '#### '", "end it such as '#### 18'")
    return Item(str(number), record.text("question"), (gold[1].replace(",", "").rstrip("."),))


def _mmlu(record: Record, number: int) -> Item:
    if "choices" in record:
        choices, right = record.texts("choices"), record.index("answer")
    elif "letter" in record:
        choices, right = _lettered(record, "letter")
    else:
        choices, right = _lettered(record, "Answer")
    if right >= len(choices):
        raise record.error("answer", f"{right} is no index of its {len(choices)} choices", "count from 0")
    question = record.text("Question" if "Question" in record else "question")
    return _choice_item(record, "choices", str(number), question, choices, right)


def _lettered(record: Record, field: str) -> tuple[tuple[str, ...], int]:
    choices, letter = tuple(record.text(letter) for letter in "ABCD"), record.text(field).strip().upper()
    if letter not in {"A", "B", "C", "D"}:
        raise record.error(field, f"{letter!r} is no letter of a choice", "write A, B, C or D")
    return choices, LETTERS.index(letter)


def _choice_item(record: Record, field: str, id_: str, question: str, choices: tuple[str, ...], right: int) -> Item:
    # MMLU itself has nine items with a choice that stands twice (hendrycks/test#29).
    if len(set(choices)) < FEWEST_CHOICES or len(choices) > len(LETTERS):
        several = f"{len(choices)} choices, {len(set(choices))} different ones"
        raise record.error(field, several, f"give at most {len(LETTERS)}, and 2 different ones")
    wrong = tuple(choice for choice in choices if choice != choices[right])
    return Item(id_, question, (choices[right],), choices=choices, right=right, wrong=wrong)


def _truthfulqa(record: Record, number: int) -> Item:
    if "mc1_targets" in record:
        targets = record.part("mc1_targets")
        choices, labels = targets.texts("choices"), targets.items("labels")
        if len(labels) != len(choices) or labels.count(1) != 1:
            raise targets.error("labels", "they do not mark exactly one of the choices", "write one 1, else 0")
        right = labels.index(1)
        return _choice_item(record, "mc1_targets.choices", str(number), record.text("question"), choices, right)
    if "best_answer" in record:
        question, best = record.text("question"), record.text("best_answer")
        true, false = record.texts("correct_answers"), record.texts("incorrect_answers")
        best_wrong = false[0]
    else:
        question, best = record.text("Question"), record.text("Best Answer")
        true, false = _split(record, "Correct Answers"), _split(record, "Incorrect Answers")
        best_wrong = record.text("Best Incorrect Answer") if "Best Incorrect Answer" in record else false[0]
    if best == best_wrong:
        raise record.error("Best Answer", "it is the best incorrect answer, too", "give two different ones")
    references = tuple(dict.fromkeys((best, *true)))
    return Item(str(number), question, references, choices=(best, best_wrong), right=0, wrong=false)


def _split(record: Record, field: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in record.text(field).split(";") if part.strip())
    if not parts:
        raise record.error(field, "it holds no answer", "separate answers by semicolons")
    return parts


def _triviaqa(record: Record, number: int) -> Item:
    answer = record.part("answer")
    aliases = answer.texts("aliases", empty=True) if "aliases" in answer else ()
    references = tuple(dict.fromkeys((answer.text("value"), *aliases)))
    id_ = record.text("question_id") if "question_id" in record else str(number)
    return Item(id_, record.text("question"), references)


def _squad(record: Record, number: int) -> Item:
    references = tuple(dict.fromkeys(record.part("answers").texts("text", empty=True)))
    context = record.text("context")
    missing = next((reference for reference in references if reference not in context), None)
    if missing is not None:
        raise record.error("answers.text", f"{missing!r} does not stand in the context", "copy it from there")
    id_ = record.text("id") if "id" in record else str(number)
    return Item(id_, record.text("question"), references, context=context)


def _mmlu_csv(path: Path, text: str) -> Iterable[Record]:
    return csv_records(path, text, columns=_MMLU_COLUMNS, header_starts=("", "Question"))


_READERS: dict[Form, Callable[[Record, int], Item]] = {
    "gsm8k": _gsm8k,
    "mmlu": _mmlu,
    "truthfulqa": _truthfulqa,
    "triviaqa": _triviaqa,
    "squad": _squad,
}
_RECORDS: dict[Form, Callable[[Path, str], Iterable[Record]]] = {
    form: _mmlu_csv if form == "mmlu" else csv_records for form in _READERS
}
