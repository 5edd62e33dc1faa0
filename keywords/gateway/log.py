"""The logs of the gateways that this run started."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from assertionengine import AssertionOperator
from robot.api.deco import keyword, library
from robot.api.types import Secret
from robot.utils import DotDict

from keywords.client.http import request_id_of
from keywords.engine.http.disconnect import EVENT_END, Disconnect
from keywords.engine.http.exchange import Exchange
from keywords.engine.machine import BUSY, Deadline, measure_machine
from keywords.engine.openai.answer import Answer
from keywords.engine.openai.stream import StreamedAnswer
from keywords.engine.waiting import wait_until
from keywords.run.assertions import verify
from keywords.run.context import Gateway, chosen_gateway
from keywords.run.inconclusive import skip_as_inconclusive

_SHOWN_LINES = 3
_SOON = timedelta(seconds=2)


@library(scope="GLOBAL", doc_format="MARKDOWN")
class GatewayLogLibrary:
    """Search the log of a gateway that this run started; the target's log if no gateway is named.

    The gateway writes the line of a request a little after its answer. A row that expects a text to be absent first
    waits for a line that must be there.

    ```robotframework
    ${answer} =    Ask    Hello.
    Get Log Entry    ${answer}
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
    def get_log_entry(
        self,
        request: Exchange | Answer | StreamedAnswer | str,
        gateway: Gateway | None = None,
        *,
        within: timedelta = _SOON,
    ) -> DotDict:
        """The log line of one request; its keys are the names of the fields.

        Args:
            request: the client's exchange or answer, or the request's id.
            gateway: the run's target if left out.
            within: maximum wait; the line is written a little after the answer.

        Raises:
            AssertionError: the log has no such line in time.

        ```robotframework
        ${line} =    Get Log Entry    ${answer}
        Get Field    ${line}    tokens_source    ==    backend
        ```
        """
        request_id = request if isinstance(request, str) else request_id_of(request)
        gateway = chosen_gateway(gateway)
        line = wait_until(
            lambda: _line_about(request_id, gateway.log),
            bool,
            Deadline(within.total_seconds()),
            lambda _: AssertionError(
                f"{gateway.log} has no line about the request {request_id} after {within.total_seconds():g} s"
            ),
        )
        return DotDict(json.loads(line))

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
        tokens: int | None = entry.get("completion_tokens")
        label, details = "The tokens of the answer", f"counted by {entry.get('tokens_source')}"
        return verify(tokens, assertion_operator, assertion_expected, label, message, details)

    @keyword
    def get_unread_tokens(
        self,
        entry: dict[str, Any],
        departure: Disconnect,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """How many tokens more of a stream the gateway counted than events had been read when the client left.

        Raises:
            AssertionError: the comparison failed.
            SkipExecution: it failed, and the machine is too busy for a verdict: the client may have left late.

        ```robotframework
        ${line} =    Get Log Entry    ${departure.request_id}
        Get Unread Tokens    ${line}    ${departure}    <    43
        ```
        """
        value = int(entry["completion_tokens"]) - departure.received.count(EVENT_END)
        try:
            return verify(value, assertion_operator, assertion_expected, "Tokens of the stream not read", message)
        except AssertionError as failure:
            machine = measure_machine()
            # A client that is so many times slower leaves so many times later.
            if machine.slowdown <= BUSY or value > (assertion_expected or 0) * machine.slowdown:
                raise
            skip_as_inconclusive(str(failure), machine)

    @keyword
    def model_should_have_been_away(self, request: Exchange, gateway: Gateway | None = None) -> None:
        """Verify that the gateway's restarted model was not ready yet when a request came.

        The log tells: it has the gateway's events and its requests in their order.

        Args:
            request: the first one after the model's process was killed.
            gateway: the run's target if left out.

        Raises:
            AssertionError: it was ready, by the log.
            SkipExecution: it was ready; this machine is so busy that it may have sent the request too late.

        ```robotframework
        Kill Model Process Of Gateway    ${GATEWAY}
        ${exchange} =    Send Payload    plain.json
        Model Should Have Been Away    ${exchange}    ${GATEWAY}
        Get Status    ${exchange}    ==    503
        ```
        """
        request_id = request_id_of(request)
        self.get_log_entry(request_id, gateway)
        before, _, _ = "\n".join(self.get_gateway_log_lines("", gateway)).partition(request_id)
        crashed_at, ready_at = before.rfind('"backend_crashed"'), before.rfind('"backend_ready"')
        if 0 <= crashed_at < ready_at:
            finding, machine = "The model was ready again before the request was sent", measure_machine()
            if machine.slowdown <= BUSY:
                raise AssertionError(finding)
            skip_as_inconclusive(finding, machine)

    @keyword
    def gateway_should_log(self, text: str, within: timedelta = _SOON, gateway: Gateway | None = None) -> None:
        """Wait for a text in a gateway's log.

        Raises:
            AssertionError: the log does not contain it in time.

        ```robotframework
        Gateway Should Log    config_reloaded    within=5 s
        ```
        """
        gateway = chosen_gateway(gateway)
        wait_until(
            lambda: self.get_gateway_log_lines(text, gateway),
            bool,
            Deadline(within.total_seconds()),
            lambda _: AssertionError(f"{gateway.log} does not contain '{text}' after {within.total_seconds():g} s"),
        )

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


def _line_about(request_id: str, log: Path) -> str:
    """The newest line of a log about one request; empty if there is none yet."""
    # The gateway is still writing a line without an end.
    for line in reversed(log.read_text("utf-8", "replace").splitlines(keepends=True)):
        if request_id in line and '"event":"request"' in line and line.endswith("\n"):
            return line
    return ""
