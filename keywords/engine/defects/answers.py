"""Servers whose answers have wrong, missing or damaged fields."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final

from keywords.engine.defects.changes import on_event_objects, on_object, on_objects
from keywords.engine.defects.defect import Defect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keywords.engine.defects.changes import Fields
    from keywords.engine.defects.exchange import Plant, Spoil


def _set(name: str, value: object) -> Plant:
    def change(answer: Fields) -> None:
        if name in answer and "choices" in answer:
            answer[name] = value

    return on_objects(change)


def _choices(answer: Fields) -> Iterator[Fields]:
    choices = answer.get("choices")
    return (one for one in choices if isinstance(one, dict)) if isinstance(choices, list) else iter(())


def _milliseconds(answer: Fields) -> None:
    if isinstance(answer.get("created"), int) and "choices" in answer:
        answer["created"] *= 1000


def _another_model(answer: Fields) -> None:
    if "choices" in answer:
        answer["model"] = "default"


def _differing_ids() -> Spoil:
    numbers = itertools.count()

    def change(event: Fields) -> None:
        if "id" in event:
            event["id"] = f"{event['id']}-{next(numbers)}"

    return on_event_objects(change)()


def _no_usage(answer: Fields) -> None:
    if "choices" in answer:
        answer.pop("usage", None)


def _usage(**changed: Any) -> Any:
    def change(answer: Fields) -> None:
        usage = answer.get("usage")
        if isinstance(usage, dict):
            for name, amount in changed.items():
                if name in usage:
                    usage[name] = amount(usage[name])

    return change


def one_token_more(answer: Fields) -> None:
    """Count one token too many."""
    usage = answer.get("usage")
    if isinstance(usage, dict):
        usage.update({name: usage[name] + 1 for name in ("completion_tokens", "total_tokens")})


def _finish_stop(answer: Fields) -> None:
    for choice in _choices(answer):
        if choice.get("finish_reason"):
            choice["finish_reason"] = "stop"


def _no_finish(event: Fields) -> None:
    for choice in _choices(event):
        choice["finish_reason"] = None


def _no_role(answer: Fields) -> None:
    for choice in _choices(answer):
        for holder in (choice.get("message"), choice.get("delta")):
            if isinstance(holder, dict):
                holder.pop("role", None)


def _no_index(answer: Fields) -> None:
    for choice in _choices(answer):
        choice.pop("index", None)


def _index_zero(answer: Fields) -> None:
    for choice in _choices(answer):
        if "index" in choice:
            choice["index"] = 0


def _reversed_choices(answer: Fields) -> None:
    if len(choices := list(_choices(answer))) > 1:
        answer["choices"] = choices[::-1]


def _less_likely(answer: Fields) -> None:
    for choice in _choices(answer):
        for token in (choice.get("logprobs") or {}).get("content") or ():
            token["logprob"] = -token["logprob"]


ANSWERS: Final = (
    Defect(
        "id constant",
        "Answers cannot be told apart in logs, and caches by id return the wrong one.",
        ("ANSW-001",),
        _set("id", "chatcmpl-1"),
        ("answer.id", "stream.id"),
    ),
    Defect(
        "ids differ within a stream",
        "A client that joins chunks by their id gets fragments.",
        ("ANSW-002", "STRM-001"),
        _differing_ids,
        ("stream.id",),
    ),
    Defect(
        "created in milliseconds",
        "Answers are dated tens of thousands of years ahead.",
        ("ANSW-003",),
        on_objects(_milliseconds),
        ("answer.created", "stream.created"),
    ),
    Defect(
        "created is 0",
        "Answers are dated 1970.",
        ("ANSW-003",),
        _set("created", 0),
        ("answer.created", "stream.created"),
    ),
    Defect(
        "wrong model named",
        "Costs and quality are booked on a model that did not answer.",
        ("ANSW-004",),
        on_objects(_another_model),
        ("answer.model", "stream.model"),
    ),
    Defect(
        "wrong object type",
        "Typed clients refuse the answer.",
        ("CHAT-001",),
        _set("object", "completion"),
        ("answer.object", "stream.object"),
    ),
    Defect(
        "usage missing",
        "Nobody knows what a call costs.",
        ("CHAT-001", "CHAT-004"),
        on_objects(_no_usage),
        ("answer.usage", "stream.usage"),
    ),
    Defect(
        "prompt tokens counted as 0",
        "Half the costs are missing.",
        ("CHAT-004", "CHAT-001"),
        on_objects(_usage(prompt_tokens=lambda _: 0)),
        ("answer.usage", "stream.usage"),
    ),
    Defect(
        "wrong total of tokens",
        "Budgets are checked against a wrong number.",
        ("CHAT-004", "CHAT-001"),
        on_objects(_usage(total_tokens=lambda count: count + 7)),
        ("answer.usage", "stream.usage"),
    ),
    Defect(
        "one token too many counted",
        "Each call is billed too dear.",
        ("CHAT-004", "ANSW-011", "STRM-003"),
        on_object(one_token_more),
        ("answer.usage",),
    ),
    Defect(
        "one token too many counted in streams",
        "Streams are billed dearer than plain answers.",
        ("STRM-003", "ANSW-011"),
        on_event_objects(one_token_more),
        ("stream.usage",),
    ),
    Defect(
        "finish reason always stop",
        "A cut answer passes for a whole one.",
        ("FLDS-019", "LIMT-002"),
        on_objects(_finish_stop),
        ("answer.choices.finish_reason", "stream.choices.finish_reason"),
    ),
    Defect(
        "finish reason missing in streams",
        "A client cannot tell a whole stream from a cut one.",
        ("STRM-001",),
        on_event_objects(_no_finish),
        ("stream.choices.finish_reason",),
    ),
    Defect(
        "role missing",
        "The answer cannot be put into the next request as it is.",
        ("CHAT-001",),
        on_objects(_no_role),
        ("answer.choices.message.role", "stream.choices.delta.role"),
    ),
    Defect(
        "index missing",
        "Several answers cannot be told apart.",
        ("CHAT-001",),
        on_objects(_no_index),
        ("answer.choices.index", "stream.choices.index"),
    ),
    Defect(
        "index always 0",
        "Several streamed answers are mixed into one.",
        ("FLDS-011",),
        on_objects(_index_zero),
        ("answer.choices.index", "stream.choices.index"),
    ),
    Defect(
        "choices out of order",
        "The first choice is not the one with index 0.",
        ("FLDS-011",),
        on_object(_reversed_choices),
        ("answer.choices",),
    ),
    Defect(
        "log probabilities with the wrong sign",
        "A classifier takes the least likely class.",
        ("FLDS-013",),
        on_object(_less_likely),
        ("answer.choices.logprobs",),
    ),
)
