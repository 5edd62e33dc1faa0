"""Fields in the JSON body of an answer."""

from __future__ import annotations

from typing import Any

from assertionengine import AssertionOperator
from requests import Response
from robot.api.deco import keyword, library

from keywords.client.http import exchange_of
from keywords.engine.http.exchange import Exchange, parse_json
from keywords.engine.openai.answer import shown
from keywords.engine.openai.client import Answer
from keywords.run.fields import field_at, verify_field


@library(scope="GLOBAL", doc_format="MARKDOWN")
class JsonBodyLibrary:
    """Verify fields in the JSON body of an answer; a field that is missing is a verdict that says so."""

    @keyword
    def get_body_field(
        self,
        answer: Exchange | Answer | Response,
        path: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: object = None,
        message: str | None = None,
    ) -> object:
        """A field in the JSON body of an answer.

        Args:
            answer: an exchange, an answer, or a response of `RequestsLibrary`.
            path: names with points between and places in brackets: `choices[0].message.content`.
            assertion_operator: how to compare.
            assertion_expected: where the field is a text, a text; otherwise a text that is JSON is taken as JSON.
            message: replaces the usual message.

        Raises:
            AssertionError: the body is not JSON or has no such field, or the comparison failed.

        ```robotframework
        ${exchange} =    Send Chat    Tell me a story.    max_tokens=3
        Get Body Field    ${exchange}    usage.completion_tokens    ==    3
        ```
        """
        value = field_at(_body(answer), path, "body")
        return verify_field(value, assertion_operator, assertion_expected, f"{path} in the body", message)

    @keyword
    def json_body_should_have_key(self, answer: Exchange | Answer | Response, *path: str) -> None:
        """Verify that the body is a JSON object with a key, or that an object in it has one.

        Args:
            answer: an exchange, an answer, or a response of `RequestsLibrary`.
            path: the names of the objects around the key, and the key.

        Raises:
            AssertionError: there is none.

        ```robotframework
        ${exchange} =    Send Raw    GET    /v1/models
        Json Body Should Have Key    ${exchange}    data
        Json Body Should Have Key    ${ready}    models    ${MODEL}
        ```
        """
        value, walked = _body(answer), "The body"
        for key in path:
            if not isinstance(value, dict) or key not in value:
                keys = f"has {', '.join(map(repr, value)) or 'none'}" if isinstance(value, dict) else "is no object"
                raise AssertionError(f"{walked} has no key {key!r}: it {keys}")
            value, walked = value[key], key


def _body(answer: Exchange | Answer | Response) -> Any:
    """The body, read as JSON.

    Raises:
        AssertionError: it is not JSON.
    """
    data = answer.content if isinstance(answer, Response) else exchange_of(answer).body
    try:
        return parse_json(data)
    except ValueError as error:
        raise AssertionError(f"The body is not JSON: {shown(data)}") from error
