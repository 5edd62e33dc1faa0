"""Items of evaluation sets, as every public form is read into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Form = Literal["gsm8k", "mmlu", "truthfulqa", "triviaqa", "squad"]
"""The public set whose file format an evaluation set has."""
FORMS: tuple[Form, ...] = get_args(Form)


@dataclass(frozen=True, slots=True)
class Item:
    """One question with what decides its mark.

    Attributes:
        id: unique within its set: the file's own id, or the number of the item from 1.
        question: the question alone.
        references: accepted answers; none if the question has no answer.
        context: the text that the question is about; empty without one.
        choices: the choices of a multiple-choice question, in the order of the file.
        right: index of the right choice; None without choices.
        wrong: answers that are known to be wrong.
    """

    id: str
    question: str
    references: tuple[str, ...]
    context: str = ""
    choices: tuple[str, ...] = ()
    right: int | None = None
    wrong: tuple[str, ...] = ()


class DatasetError(ValueError):
    """A file of items, or the catalogue of sets, cannot be used; the message names file, line, field and remedy."""
