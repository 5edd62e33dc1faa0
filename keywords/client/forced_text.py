"""Answers whose text the request decides, so that every character of them can be compared."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from robot.api import SkipExecution, logger
from robot.api.deco import keyword, library

from keywords.engine.capabilities.asking import NotTakenError, raise_if_not_taken
from keywords.engine.openai.answer import Answer, GatewayRefused
from keywords.engine.openai.forced_text import forced_text_defect, only_text
from keywords.engine.openai.stream import StreamedAnswer
from keywords.engine.openai.together import at_once
from keywords.run import target

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keywords.engine.http.exchange import Exchange

_PARAM = "response_format"
_PROMPT = "Answer in JSON."
_TOKENS = 400
"""Limit of each answer, far more than the texts of rows need."""


@library(scope="SUITE", doc_format="MARKDOWN")
class ForcedTextLibrary:
    """Ask for one exact text: a JSON schema (`response_format`) leaves the model no other answer.

    A row is skipped if the server says itself that it does not take `response_format`: by a refusal that names it, or
    by `x-gateway-dropped-params`.
    """

    @keyword
    def ask_for_exactly(self, text: str, *, prompt: str = _PROMPT, stream: bool = False) -> Answer | StreamedAnswer:
        r"""Ask for an answer that can be one text only, and verify that it is, character by character.

        Args:
            text: the text.
            prompt: the user message, which does not matter.
            stream: whether to ask for a stream.

        Returns:
            The answer.

        Raises:
            AssertionError: the answer is another one; with the first character that differs.
            SkipExecution: the server says that it does not take `response_format`.
            GatewayRefused: the gateway answered with another error.

        ```robotframework
        Ask For Exactly    naïve café
        Ask For Exactly    One\nTwo    stream=True
        ```
        """
        return _ask([text], prompt, stream=stream)[0]

    @keyword
    def ask_together_for_exactly(self, *texts: str, stream: bool = False) -> list[Answer | StreamedAnswer]:
        """Ask for all texts at the same moment with one prompt, and verify that each client gets its own.

        Args:
            texts: the texts, one for each request.
            stream: whether to ask for streams.

        Returns:
            The answers in the order of the texts.

        Raises:
            AssertionError: an answer is another one.
            SkipExecution: the server says that it does not take `response_format`.
            GatewayRefused: the gateway answered one with another error.

        ```robotframework
        Ask Together For Exactly    red    blue    green
        ```
        """
        return _ask(texts, _PROMPT, stream=stream)


def _ask(texts: Sequence[str], prompt: str, *, stream: bool) -> list[Answer | StreamedAnswer]:
    client = target.client()
    send: Callable[..., Answer | StreamedAnswer] = client.stream if stream else client.ask
    fields: dict[str, Any] = {"temperature": 0, "max_tokens": _TOKENS}
    try:
        answers = at_once([partial(send, prompt, **fields, **{_PARAM: only_text(text)}) for text in texts])
    except GatewayRefused as refusal:
        _skip_if_not_taken(refusal.exchange)
        raise
    for number, (text, answer) in enumerate(zip(texts, answers, strict=True), start=1):
        _skip_if_not_taken(answer.exchange)
        if defect := forced_text_defect(text, answer.text):
            raise AssertionError(f"Answer {number} of {len(texts)}: {defect}" if len(texts) > 1 else defect)
    logger.info(f"{len(texts)} of {len(texts)} answers are the only ones that their schemas allow")
    return answers


def _skip_if_not_taken(exchange: Exchange) -> None:
    try:
        raise_if_not_taken(exchange, _PARAM)
    except NotTakenError as statement:
        raise SkipExecution(f"The row needs an answer that a schema decides, and {statement}") from None
