"""The requests of a set: each item with its instruction, its examples and, for choices, its rotations."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from keywords.engine.evaluation.formats import LETTERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from keywords.engine.evaluation.catalogue import SetSettings
    from keywords.engine.evaluation.items import Item

TOP_LOGPROBS = 20
"""Candidates for the first token; the most that OpenAI's API gives."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How answers are drawn.

    Attributes:
        temperature: 0 to 2.
        draws: answers to each item.
        seed: from which each request's own is derived; None sends none.
        rotate: whether each item with choices is asked once for each place of its right choice.
        max_tokens: upper bound of an answer; None takes that of the set.
        logprobs: whether requests ask for the likeliest first tokens.
        extra: further fields of each request.
    """

    temperature: float = 0.0
    draws: int = 1
    seed: int | None = None
    rotate: bool = True
    max_tokens: int | None = None
    logprobs: bool = False
    extra: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.draws < 1:
            raise ValueError(f"draws must be at least 1, not {self.draws}")


@dataclass(frozen=True, slots=True)
class Question:
    """One request to make.

    Attributes:
        item: its id.
        draw: from 0.
        rotation: by how many places the choices are turned.
        body: bytes to send.
    """

    item: str
    draw: int
    rotation: int
    body: bytes


def questions(items: tuple[Item, ...], settings: SetSettings, model: str, sampling: Sampling) -> Iterator[Question]:
    """All requests of a run, in the order of the items."""
    for item in items:
        turns = range(len(item.choices)) if item.choices and sampling.rotate else range(1)
        for rotation in turns:
            messages = conversation(rotated(item, rotation), settings)
            for draw in range(sampling.draws):
                seed = None if sampling.seed is None else own_seed(sampling.seed, item.id, rotation, draw)
                yield Question(item.id, draw, rotation, _body(messages, settings, model, sampling, seed))


def own_seed(seed: int, item: str, rotation: int, draw: int) -> int:
    """The seed of one request, 0 to 2^31 - 1.

    Requests with the same seed draw the same random numbers: with one seed for all items, all are lucky or unlucky
    together, and a test that takes them for independent calls a model different from itself.
    """
    digest = hashlib.sha256(f"{seed} {item} {rotation} {draw}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def rotated(item: Item, rotation: int) -> Item:
    """The item with its choices turned by so many places."""
    if not rotation or item.right is None:
        return item
    turned = item.choices[rotation:] + item.choices[:rotation]
    return replace(item, choices=turned, right=(item.right - rotation) % len(turned))


def conversation(item: Item, settings: SetSettings) -> list[dict[str, str]]:
    """The messages that ask an item: the instruction, the examples as earlier turns, the question."""
    messages = [{"role": "system", "content": settings.system}] if settings.system else []
    for example in settings.examples:
        asked = _question(example.context, example.question, example.choices)
        messages += [{"role": "user", "content": asked}, {"role": "assistant", "content": example.answer}]
    return [*messages, {"role": "user", "content": _question(item.context, item.question, item.choices)}]


def _question(context: str, question: str, choices: list[str] | tuple[str, ...]) -> str:
    lettered = [f"{letter}. {choice}" for letter, choice in zip(LETTERS, choices, strict=False)]
    return "\n".join([*([context] if context else []), question, *lettered])


def _body(
    messages: list[dict[str, str]], settings: SetSettings, model: str, sampling: Sampling, seed: int | None
) -> bytes:
    fields: dict[str, Any] = {
        "model": model,
        "messages": messages,
        "temperature": sampling.temperature,
        "max_tokens": sampling.max_tokens or settings.max_tokens,
    }
    if seed is not None:
        fields["seed"] = seed
    if sampling.logprobs:
        fields |= {"logprobs": True, "top_logprobs": TOP_LOGPROBS}
    return json.dumps(fields | dict(sampling.extra or {}), ensure_ascii=False).encode()
