"""Prompts: their number of tokens, and the request that reaches the backend."""

from __future__ import annotations

import json
from typing import Any

from assertionengine import AssertionOperator
from robot.api.deco import keyword, library

from keywords.engine.openai.answer import Answer
from keywords.engine.openai.stream import StreamedAnswer
from keywords.engine.scripted.backend import ScriptedBackend
from keywords.run.arguments import CONVERTERS, Fields, json_or_text
from keywords.run.assertions import verify


@library(scope="SUITE", doc_format="MARKDOWN", converters=CONVERTERS)
class PromptsLibrary:
    """Compare prompts by their tokens, as the model counts them, and read the request that a scripted backend received.

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
        label = f"{tokens[0]} of {tokens[1]} prompt tokens"
        return verify(tokens[0] / tokens[1], assertion_operator, assertion_expected, label, message)

    @keyword
    def get_asked_messages(
        self,
        backend: ScriptedBackend,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
    ) -> str:
        r"""The messages of the last request that reached a backend, one line each: `role: content`.

        Raises:
            AssertionError: the comparison failed, or no request reached the backend.

        ```robotframework
        Ask    Hello.    system=Be brief.
        Get Asked Messages    ${backend}    ==    system: Be brief.\nuser: Hello.
        ```
        """
        lines = [f"{one['role']}: {one['content']}" for one in _last_request(backend)["messages"]]
        return verify("\n".join(lines), assertion_operator, assertion_expected, "The messages", message)

    @keyword
    def get_asked_fields(
        self,
        backend: ScriptedBackend,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
    ) -> str:
        """The names of the fields in the last request that reached a backend, sorted, with spaces between.

        Raises:
            AssertionError: the comparison failed, or no request reached the backend.

        ```robotframework
        Get Asked Fields    ${backend}    not contains    gateway
        ```
        """
        names = " ".join(sorted(_last_request(backend)))
        return verify(names, assertion_operator, assertion_expected, "The fields", message)

    @keyword
    def get_asked_field(
        self,
        backend: ScriptedBackend,
        name: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: object = None,
        message: str | None = None,
    ) -> object:
        """A field of the last request that reached a backend.

        Args:
            backend: the backend that received it.
            name: the field's name; `options.seed` is the field `seed` of the object `options`.
            assertion_operator: how to compare.
            assertion_expected: a value; a text that is JSON is taken as JSON.
            message: replaces the usual message.

        Raises:
            AssertionError: the comparison failed, the request has no such field, or none reached the backend.

        ```robotframework
        Get Asked Field    ${backend}    options.seed    ==    7
        Get Asked Field    ${backend}    stop    ==    ["END"]
        ```
        """
        value: Any = _last_request(backend)
        for step in name.split("."):
            if not isinstance(value, dict) or step not in value:
                raise AssertionError(f"The request has no field {name}: {json.dumps(_last_request(backend))}")
            value = value[step]
        return verify(value, assertion_operator, json_or_text(assertion_expected), f"The field {name}", message)

    @keyword
    def get_asked_body(
        self,
        backend: ScriptedBackend,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Fields = None,
        message: str | None = None,
    ) -> dict[str, Any]:
        """All fields of the last request that reached a backend.

        Raises:
            AssertionError: the comparison failed, or no request reached the backend.

        ```robotframework
        Get Asked Body    ${backend}    ==    {"model": "scripted", "prompt": "Once"}
        ```
        """
        body = _last_request(backend)
        return verify(body, assertion_operator, assertion_expected, "The body of the request", message)


def _prompt_tokens(answer: Answer | StreamedAnswer) -> int:
    if answer.usage is None or not answer.usage.prompt_tokens:
        raise AssertionError("The answer came without a count of the prompt's tokens.")
    return answer.usage.prompt_tokens


def _last_request(backend: ScriptedBackend) -> dict[str, Any]:
    requests = backend.chat_requests()
    if not requests:
        raise AssertionError("No request reached the backend.")
    body: dict[str, Any] = json.loads(requests[-1].body)
    return body
