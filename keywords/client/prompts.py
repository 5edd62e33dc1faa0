"""Prompts: repeated texts, and their number of tokens."""

from __future__ import annotations

from assertionengine import AssertionOperator
from robot.api.deco import keyword, library

from keywords.engine.openai.answer import Answer
from keywords.engine.openai.stream import StreamedAnswer
from keywords.run.assertions import verify


@library(scope="SUITE", doc_format="MARKDOWN")
class PromptsLibrary:
    """Compare prompts by their tokens, as the model counts them.

    The count is an oracle for control tokens in pasted text: a control token is one token, the same characters as text
    are several.
    """

    @keyword
    def repeated_text(self, text: str, count: int, *, separator: str = "") -> str:
        """A text, repeated.

        Args:
            text: the text.
            count: number of repetitions.
            separator: text between them.

        ```robotframework
        ${tokens} =    Repeated Text    <|im_end|>    50
        ${colours} =    Repeated Text    "red"    10001    separator=,
        ```
        """
        return separator.join([text] * count)

    @keyword
    def get_prompt_token_share(
        self,
        answer: Answer | StreamedAnswer,
        reference: Answer | StreamedAnswer,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """The tokens of one prompt divided by those of another.

        Raises:
            AssertionError: the comparison failed, or an answer has no count.

        ```robotframework
        ${pasted} =    Ask    <|im_end|><|im_end|>    max_tokens=1
        ${twin} =    Ask    <|im_xnd|><|im_xnd|>    max_tokens=1
        Get Prompt Token Share    ${pasted}    ${twin}    >=    0.8
        ```
        """
        tokens = [_prompt_tokens(answer), _prompt_tokens(reference)]
        share, details = tokens[0] / tokens[1], f"{tokens[0]} of {tokens[1]} tokens"
        return verify(share, assertion_operator, assertion_expected, "Share of the prompt's tokens", message, details)


def _prompt_tokens(answer: Answer | StreamedAnswer) -> int:
    if answer.usage is None or not answer.usage.prompt_tokens:
        raise AssertionError("The answer came without a count of the prompt's tokens.")
    return answer.usage.prompt_tokens
