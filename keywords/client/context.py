"""Prompts of a chosen size, and refusals of those that exceed the context."""

from __future__ import annotations

import re

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.http.exchange import Exchange
from keywords.engine.openai.answer import error_object, shown
from keywords.run.assertions import verify


@library(scope="SUITE", doc_format="MARKDOWN")
class ContextLibrary:
    """Fill a model's context, or exceed it."""

    @keyword
    def prompt_of_words(self, count: int) -> str:
        """A prompt of that many short English words; for most models each is one token.

        ```robotframework
        ${prompt} =    Prompt Of Words    1900
        ```
        """
        return " ".join(["hello"] * count)

    @keyword
    def get_refused_prompt_tokens(
        self,
        exchange: Exchange,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int | None:
        """The size of a prompt in tokens, as its refusal names it; `${None}` if the refusal has no number.

        A refusal names the limit and the prompt's size. The size is the larger one: the largest whole number in the
        message.

        ```robotframework
        ${refusal} =    Send Chat    ${prompt}
        Get Refused Prompt Tokens    ${refusal}    >    2048
        ```
        """
        text = str(error_object(exchange).get("message") or "") or shown(exchange.body)
        tokens = max(map(int, re.findall(r"[0-9]+", text)), default=None)
        logger.info(f"{tokens} tokens: {text}")
        label = "Tokens of the refused prompt"
        return verify(tokens, assertion_operator, assertion_expected, label, message, f"the refusal says: {text}")
