"""The logs of the gateways that this run started."""

import json
from datetime import timedelta
from time import sleep
from typing import Any

from assertionengine import AssertionOperator
from robot.api.deco import keyword, library
from robot.api.types import Secret
from robot.utils import DotDict

from keywords.engine.machine import Deadline
from keywords.run.assertions import verify
from keywords.run.context import Gateway, chosen_gateway

_POLL_S = 0.02
_SHOWN_LINES = 3
_SOON = timedelta(seconds=2)


@library(scope="GLOBAL", doc_format="MARKDOWN")
class GatewayLogLibrary:
    """Search the log of a gateway that this run started; the target's log if no gateway is named.

    The gateway writes the line of a request a little after its answer. A row that expects a text to be absent first
    waits for a line that must be there.

    ```robotframework
    ${answer} =    Ask    Hello.
    Gateway Should Log    ${answer.headers}[x-request-id]
    Gateway Log Should Not Contain    Traceback
    ```
    """

    @keyword
    def get_gateway_log_lines(self, containing: str = "", gateway: Gateway | None = None) -> list[str]:
        """The lines that a gateway has logged so far.

        Args:
            containing: a text that the lines contain, such as a request id.
            gateway: the run's target if left out.

        ```robotframework
        @{lines} =    Get Gateway Log Lines    listening
        ```
        """
        lines = chosen_gateway(gateway).log.read_text("utf-8", "replace").splitlines()
        return [line for line in lines if containing in line]

    @keyword
    def get_log_entry(self, request_id: str, gateway: Gateway | None = None, *, within: timedelta = _SOON) -> DotDict:
        """The log line of one request; its keys are the names of the fields.

        Args:
            request_id: id of the request.
            gateway: the run's target if left out.
            within: maximum wait; the line is written a little after the answer.

        Raises:
            AssertionError: the log has no such line in time.

        ```robotframework
        ${line} =    Get Log Entry    ${answer.headers}[x-request-id]
        Should Be Equal    ${line.tokens_source}    backend
        ```
        """
        gateway = chosen_gateway(gateway)
        deadline = Deadline(within.total_seconds())
        while True:
            # The gateway is still writing a line without an end.
            lines = gateway.log.read_text("utf-8", "replace").splitlines(keepends=True)
            for line in reversed(lines):
                if request_id in line and '"event":"request"' in line and line.endswith("\n"):
                    return DotDict(json.loads(line))
            if deadline.is_over():
                raise AssertionError(
                    f"{gateway.log} has no line about the request {request_id} after {within.total_seconds():g} s"
                )
            sleep(_POLL_S)

    @keyword
    def get_completion_tokens(
        self,
        entry: dict[str, Any],
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int | None:
        """The tokens of an answer, as the gateway counts them; `${None}` if it has no count.

        Args:
            entry: from [Get Log Entry] or `Get Ledger Entry`.
            assertion_operator: how to compare.
            assertion_expected: number of tokens.
            message: replaces the usual message.

        ```robotframework
        ${line} =    Get Log Entry    ${departure.request_id}
        Get Completion Tokens    ${line}    <    50
        ```
        """
        tokens: int | None = entry["completion_tokens"]
        label = f"The tokens of the answer, by {entry['tokens_source']},"
        return verify(tokens, assertion_operator, assertion_expected, label, message)

    @keyword
    def gateway_should_log(self, text: str, within: timedelta = _SOON, gateway: Gateway | None = None) -> None:
        """Wait for a text in a gateway's log.

        Raises:
            AssertionError: the log does not contain it in time.

        ```robotframework
        Gateway Should Log    ${answer.headers}[x-request-id]
        ```
        """
        gateway = chosen_gateway(gateway)
        deadline = Deadline(within.total_seconds())
        while not self.get_gateway_log_lines(text, gateway):
            if deadline.is_over():
                raise AssertionError(f"{gateway.log} does not contain '{text}' after {within.total_seconds():g} s")
            sleep(_POLL_S)

    @keyword
    def gateway_log_should_not_contain(self, text: str | Secret, gateway: Gateway | None = None) -> None:
        """Fail if a text stands anywhere in a gateway's log.

        Args:
            text: the message does not show a secret.
            gateway: the run's target if left out.

        ```robotframework
        Gateway Log Should Not Contain    Traceback
        Gateway Log Should Not Contain    ${TARGET.api_key}
        ```
        """
        gateway = chosen_gateway(gateway)
        plain = text.value if isinstance(text, Secret) else text
        lines = self.get_gateway_log_lines(plain, gateway)
        if lines:
            shown = "\n".join(lines[:_SHOWN_LINES])
            if isinstance(text, Secret):
                shown = shown.replace(plain, "<secret>")
            raise AssertionError(f"{gateway.log} contains '{text}' in {len(lines)} lines, first:\n{shown}")
