"""The requests that reached a scripted backend: their messages and fields."""

from __future__ import annotations

import json
from typing import Any

from assertionengine import AssertionOperator
from robot.api.deco import keyword, library

from keywords.engine.scripted.backend import ScriptedBackend
from keywords.run.arguments import CONVERTERS, Fields
from keywords.run.assertions import verify
from keywords.run.fields import field_at, verify_field


@library(scope="GLOBAL", doc_format="MARKDOWN", converters=CONVERTERS)
class RequestBodiesLibrary:
    """Read the body of the last request for an answer that reached a scripted backend, and verify it.

    ```robotframework
    Get Request Field    ${backend}    max_tokens    ==    16
    ```
    """

    @keyword
    def get_request_messages(
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
        Get Request Messages    ${backend}    ==    system: Be brief.\nuser: Hello.
        ```
        """
        lines = [f"{one['role']}: {one['content']}" for one in _last_request(backend)["messages"]]
        return verify("\n".join(lines), assertion_operator, assertion_expected, "The messages", message)

    @keyword
    def get_request_fields(
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
        Get Request Fields    ${backend}    not contains    gateway
        ```
        """
        names = " ".join(sorted(_last_request(backend)))
        return verify(names, assertion_operator, assertion_expected, "The fields", message)

    @keyword
    def get_request_field(
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
            name: the field's name; `options.seed` is the field `seed` of the object `options`, `messages[0]` the first.
            assertion_operator: how to compare.
            assertion_expected: a value; a text that is JSON is taken as JSON.
            message: replaces the usual message.

        Raises:
            AssertionError: the comparison failed, the request has no such field, or none reached the backend.

        ```robotframework
        Get Request Field    ${backend}    options.seed    ==    7
        Get Request Field    ${backend}    stop    ==    ["END"]
        ```
        """
        value = field_at(_last_request(backend), name, "request")
        return verify_field(value, assertion_operator, assertion_expected, f"The field {name} of the request", message)

    @keyword
    def get_request_body(
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
        Get Request Body    ${backend}    ==    {"model": "scripted", "prompt": "Once"}
        ```
        """
        body = _last_request(backend)
        return verify(body, assertion_operator, assertion_expected, "The body of the request", message)


def _last_request(backend: ScriptedBackend) -> dict[str, Any]:
    requests = backend.chat_requests()
    if not requests:
        raise AssertionError("No request reached the backend.")
    body: dict[str, Any] = json.loads(requests[-1].body)
    return body
