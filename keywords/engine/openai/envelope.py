"""What surrounds an answer's text: id, creation time, model, and the bytes as they came. One sentence for each defect.

Source: openai-openapi, schemas `CreateChatCompletionResponse` and `CreateChatCompletionStreamResponse`; RFC 8259 8.1
for JSON's encoding; the HTML standard, "Server-sent events", for that of streams.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from keywords.engine.openai import conformance
from keywords.engine.openai.stream import StreamedAnswer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from keywords.engine.http.exchange import Exchange
    from keywords.engine.openai.answer import Answer

_BOM = b"\xef\xbb\xbf"
_SAME_IN_ALL_EVENTS = ("id", "created", "model")
_VARIANT_MARKS = "-:@/_"


def bodies(answer: Answer | StreamedAnswer) -> list[dict[str, Any]]:
    """The objects of an answer: that of a plain one, or those of a stream's events.

    Without errors, `[DONE]` and what Azure says of the prompt.
    """
    if not isinstance(answer, StreamedAnswer):
        return [answer.exchange.json()]
    parsed = [event.json() for event in answer.events if not event.is_done]
    objects = [body for body in parsed if isinstance(body, dict) and "error" not in body]
    return [body for body in objects if not conformance.is_prompt_report(body)]


def repeated_id_defects(answers: Iterable[Answer | StreamedAnswer]) -> list[str]:
    """Ids that two answers share, and answers without an id."""
    ids = [str(next((body.get("id") for body in bodies(answer)), None) or "") for answer in answers]
    missing = [f"answer {number} has no id" for number, one in enumerate(ids, start=1) if not one]
    return missing + [
        f"{count} of {len(ids)} answers have the id {one!r}" for one, count in Counter(ids).items() if one and count > 1
    ]


def created_defects(answer: Answer | StreamedAnswer, tolerance_s: float) -> list[str]:
    """Creation times that are not in seconds, or far from the client's clock.

    Args:
        answer: the answer.
        tolerance_s: how far they may be from the time of the request, in seconds.
    """
    now = answer.exchange.started_at
    defects = []
    for created in _distinct(body.get("created") for body in bodies(answer)):
        defects += conformance.created_defects(created)
        if isinstance(created, int) and abs(created - now) > tolerance_s:
            defects.append(f"created is {created}, {abs(created - now):.0f} s from the client's time {now:.0f}")
    return defects


def model_defects(answer: Answer | StreamedAnswer, asked: str) -> list[str]:
    """Models in an answer that are not the one that was asked for, nor a version of it.

    Args:
        answer: the answer.
        asked: the model id of the request; `gpt-4o` may answer as `gpt-4o-2024-08-06`, and `llama3` as `llama3:latest`.
    """
    return [
        f"the answer must name the model {asked!r}, it names {model!r}"
        for model in _distinct(body.get("model") for body in bodies(answer))
        if not isinstance(model, str) or not (_is_variant(asked, model) or _is_variant(model, asked))
    ]


def one_answer_defects(stream: StreamedAnswer) -> list[str]:
    """Fields of a stream's events that change, though all events belong to one answer."""
    events = bodies(stream)
    values = {name: _distinct(body.get(name) for body in events) for name in _SAME_IN_ALL_EVENTS}
    return [
        f"all {len(events)} events must have the same {name}, they have {_listed(found)}"
        for name, found in values.items()
        if len(found) > 1
    ]


def encoding_defects(exchange: Exchange) -> list[str]:
    """Bytes of a JSON body or a stream that are not UTF-8, and headers that say otherwise.

    Args:
        exchange: a request for a chat completion and its answer; whether it is a stream depends on the request.
    """
    requested = b'"stream": true' in exchange.request_body or b'"stream":true' in exchange.request_body
    expected = "text/event-stream" if requested else "application/json"
    content_type = exchange.response_headers.get("content-type", "")
    media_type, _, parameters = content_type.partition(";")
    charset = parameters.partition("charset=")[2].strip(' "').lower()
    defects = []
    if media_type.strip().lower() != expected:
        defects.append(f"the content type must be {expected}, it is {content_type!r}")
    if charset not in ("", "utf-8", "utf8"):
        defects.append(f"the charset must be utf-8 or missing, it is {charset!r}")
    if exchange.body.startswith(_BOM):
        defects.append("the body must not begin with a byte order mark")
    try:
        exchange.body.decode()
    except UnicodeDecodeError as error:
        defects.append(
            f"the body must be UTF-8, byte {error.start} is {exchange.body[error.start : error.start + 1]!r}"
        )
    if b"\x00" in exchange.body:
        defects.append("the body must be UTF-8 text, it has bytes that are 0")
    length = exchange.response_headers.get("content-length")
    if length is not None and length != str(len(exchange.body)):
        defects.append(f"content-length says {length} bytes, {len(exchange.body)} came")
    return defects


def _is_variant(base: str, name: str) -> bool:
    return bool(base) and name.startswith(base) and (len(name) == len(base) or name[len(base)] in _VARIANT_MARKS)


def _distinct(values: Iterable[object]) -> list[object]:
    """Each value once, in their order; 1 and 1.0 are two."""
    return list({repr(value): value for value in values}.values())


def _listed(values: Sequence[object]) -> str:
    shown = ", ".join(repr(value) for value in values[:3])
    return f"{shown} and {len(values) - 3} more" if len(values) > 3 else shown  # noqa: PLR2004  # as many as are shown
