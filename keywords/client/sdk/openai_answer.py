"""Answers as the `openai` package read them; what is missing or of another type is a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from keywords.client.sdk.connection import logged
from keywords.client.sdk.reading import part
from keywords.engine.openai.answer import Usage

if TYPE_CHECKING:
    from collections.abc import Sequence


class TextOf(Protocol):
    """Reads the text of a choice; `place` and `of` name the choice in the message of a failure."""

    def __call__(self, choice: object, place: str, of: str = "") -> str:
        """The text; `AssertionError` if there is none."""


_TEXT_OR_NULL = (str, type(None))


@dataclass(frozen=True, slots=True)
class SdkAnswer:
    """An answer as the package read it.

    Attributes:
        text: text of the first choice, joined from the chunks of a stream.
        finish_reason: finish reason of the first choice.
        usage: None if the answer has none.
        model: the answer's model.
        chunks: number of chunks of a stream; 1 for a plain answer.
    """

    text: str
    finish_reason: str | None
    usage: Usage | None
    model: str
    chunks: int = 1


def plain_answer(answer: object, text_of: TextOf) -> SdkAnswer:
    """Log and return a plain answer; `text_of` reads the text of its first choice.

    Raises:
        AssertionError: a part of the answer is missing or of another type.
    """
    choices = part(answer, "choices", list, "choices of the answer")
    if not choices:
        raise AssertionError("choices of the answer should have an item, got none")
    return logged(
        SdkAnswer(
            text=text_of(choices[0], "choices[0]"),
            finish_reason=part(choices[0], "finish_reason", _TEXT_OR_NULL, "choices[0].finish_reason"),
            usage=_usage(getattr(answer, "usage", None)),
            model=part(answer, "model", str, "model of the answer"),
        )
    )


def streamed_answer(chunks: Sequence[object], text_of: TextOf) -> SdkAnswer:
    """Log and return a streamed answer; `text_of` reads the text of a choice.

    Raises:
        AssertionError: a part of a chunk is missing or of another type.
    """
    texts, reasons = [], []
    for number, chunk in enumerate(chunks, start=1):
        for choice in part(chunk, "choices", list, f"choices of chunk {number}"):
            if getattr(choice, "index", 0) == 0:
                texts.append(text_of(choice, "choices[0]", f" of chunk {number}"))
                place = f"choices[0].finish_reason of chunk {number}"
                reasons.append(part(choice, "finish_reason", _TEXT_OR_NULL, place))
    usages = [usage for chunk in chunks if (usage := getattr(chunk, "usage", None)) is not None]
    return logged(
        SdkAnswer(
            text="".join(texts),
            finish_reason=next(filter(None, reasons), None),
            usage=_usage(usages[-1] if usages else None),
            model=part(chunks[0], "model", str, "model of chunk 1") if chunks else "",
            chunks=len(chunks),
        )
    )


def text_of_message(choice: object, place: str, of: str = "") -> str:
    """The text of a choice of a chat completion; empty for null, as beside tool calls."""
    message = part(choice, "message", object, f"{place}.message{of}")
    return part(message, "content", _TEXT_OR_NULL, f"{place}.message.content{of}") or ""


def text_of_delta(choice: object, place: str, of: str = "") -> str:
    """The text of a choice in a chunk; empty for null."""
    delta = part(choice, "delta", object, f"{place}.delta{of}")
    return part(delta, "content", _TEXT_OR_NULL, f"{place}.delta.content{of}") or ""


def text_of_completion(choice: object, place: str, of: str = "") -> str:
    """The text of a choice of a text completion, which must be one.

    Raises:
        AssertionError: it is none.
    """
    text: str = part(choice, "text", str, f"{place}.text{of}")
    return text


def _usage(usage: object) -> Usage | None:
    """The usage as the package read it.

    Raises:
        AssertionError: a number is missing or no integer.
    """
    if usage is None:
        return None
    names = ("prompt_tokens", "completion_tokens", "total_tokens")
    return Usage(*(part(usage, name, int, f"usage.{name}") for name in names))
