"""Keys and their limits: make keys, use their limits up, and wait as refusals say."""

import hashlib
import json
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library
from robot.api.types import Secret

from keywords.client.http import CHAT
from keywords.engine import clock
from keywords.engine.http.exchange import Exchange
from keywords.engine.machine import Deadline
from keywords.engine.processes.gateway_command import run_command
from keywords.engine.redaction.secrets import SECRETS
from keywords.engine.scripted.backend import ScriptedBackend
from keywords.engine.waiting import poll_until, wait_until
from keywords.run import target
from keywords.run.arguments import json_or_text
from keywords.run.assertions import verify
from keywords.run.output_folder import new_work_file

_LONGEST_WAIT_S = 30.0
_REFUSED_WITHIN_S = 10.0
"""Less than the client's patience with the requests that are held meanwhile."""
_POLL_S = 0.1
_SHOWN_PART = 12


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A key and the key file that holds it.

    Attributes:
        file: the key file, as `[keys] file` takes it.
        secret: the key.
    """

    file: Path
    secret: Secret


@library(scope="GLOBAL", doc_format="MARKDOWN")
class KeysLibrary:
    """Make keys, use up their limits, and count what passed.

    ```robotframework
    ${key} =    Make Key    alice    --rpm    3
    ${answers} =    Send Chats    5
    Get Status Count    ${answers}    429    ==    2
    Wait As Told    ${answers}[4]
    ```
    """

    @keyword
    def make_key(self, name: str, *options: str) -> MadeKey:
        """Make a key with `gateway keys add`, in a new file; the key itself is shown nowhere.

        Args:
            name: what the gateway calls the key.
            options: options of the command, such as `--rpm`, `3`.

        Raises:
            AssertionError: the command failed.

        ```robotframework
        ${key} =    Make Key    alice    --rpm    3
        ```
        """
        file = new_work_file("keys", ".toml")
        result = run_command("keys", "add", name, "--file", str(file), *options, cwd=file.parent, warm=True)
        if result.rc:
            raise AssertionError(f"`gateway keys add` failed: {result.stderr}")
        secret = result.stdout.strip()
        SECRETS.protect(secret)
        logger.info(file.read_text("utf-8"))
        return MadeKey(file, Secret(secret))

    @keyword
    def send_chats(self, count: int, **fields: str) -> list[Exchange]:
        """Post chat requests one after the other, each over a new connection.

        Args:
            count: how many.
            fields: fields of the requests, such as `max_tokens=5`; a text that is JSON is taken as JSON.

        ```robotframework
        ${answers} =    Send Chats    4
        ```
        """
        send = _chat(fields)
        return [send() for _ in range(count)]

    @keyword
    def send_chats_until(self, status: int, *, at_most: int = 10) -> Exchange:
        """Post chat requests one after the other until one ends with a status, and return it.

        Raises:
            AssertionError: none of so many did.

        ```robotframework
        ${refused} =    Send Chats Until    429
        Wait As Told    ${refused}
        ```
        """
        send, statuses = _chat({}), []
        for _ in range(at_most):
            exchange = send()
            if exchange.status == status:
                return exchange
            statuses.append(exchange.status)
        raise AssertionError(f"One of {at_most} requests should end with {status}, but their statuses are {statuses}")

    @keyword
    def send_chats_together(self, count: int, **fields: str) -> list[Exchange]:
        """Post chat requests at the same time, each over a new connection.

        ```robotframework
        ${answers} =    Send Chats Together    8
        ```
        """
        send = _chat(fields)
        with ThreadPoolExecutor(count) as pool:
            return [future.result() for future in [pool.submit(send) for _ in range(count)]]

    @keyword
    def send_chats_together_while_held(
        self, count: int, backend: ScriptedBackend, *, refused: int, **fields: str
    ) -> list[Exchange]:
        """Post chat requests at the same time, while the backend holds its answers back.

        The backend answers when so many requests have ended, which without it are those that the gateway refused. So
        all of them meet, however slow the machine is.

        Args:
            count: how many.
            backend: the gateway's backend; it holds its answers from now on, and releases them here.
            refused: requests that end before the backend answers, awaited for ten seconds.
            fields: as for [Send Chats].

        ```robotframework
        ${answers} =    Send Chats Together While Held    5    ${BACKEND}    refused=3
        Get Status Count    ${answers}    200    ==    2
        ```
        """
        backend.script = replace(backend.script, hold_after=0)
        send = _chat(fields)
        with ThreadPoolExecutor(count) as pool:
            sent = [pool.submit(send) for _ in range(count)]
            try:
                poll_until(lambda: sent, lambda sent: _ended(sent) >= refused, Deadline(_REFUSED_WITHIN_S))
            finally:
                backend.release()
            return [future.result() for future in sent]

    @keyword
    def get_status_count(
        self,
        exchanges: list[Exchange],
        status: int,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """The number of exchanges that ended with a status.

        ```robotframework
        Get Status Count    ${answers}    429    ==    2
        ```
        """
        statuses = [exchange.status for exchange in exchanges]
        label, details = f"Number of answers with {status}", f"the statuses are {statuses}"
        return verify(statuses.count(status), assertion_operator, assertion_expected, label, message, details)

    @keyword
    def get_answer_with(self, exchanges: list[Exchange], status: int) -> Exchange:
        """The first of the exchanges that ended with a status.

        Raises:
            AssertionError: none did.

        ```robotframework
        ${refused} =    Get Answer With    ${answers}    503
        ```
        """
        for exchange in exchanges:
            if exchange.status == status:
                return exchange
        raise AssertionError(f"No answer with {status} among {[exchange.status for exchange in exchanges]}.")

    @keyword
    def status_should_become(self, status: int, *, within: timedelta) -> float:
        """Post chat requests until one ends with a status.

        Returns:
            The seconds that took.

        Raises:
            AssertionError: none did in time.

        ```robotframework
        Status Should Become    401    within=5 s
        ```
        """
        began, send = clock.now(), _chat({})
        exchange = wait_until(
            send,
            lambda exchange: exchange.status == status,
            Deadline(within.total_seconds()),
            lambda exchange: AssertionError(f"The status is still {exchange.status} after {within}."),
            every_s=_POLL_S,
        )
        return exchange.sent_at - began

    @keyword
    def file_of_keys_should_hold_only_the_hash(self, key: MadeKey) -> None:
        """Fail unless the file holds the key's SHA-256 and no part of the key.

        ```robotframework
        File Of Keys Should Hold Only The Hash    ${key}
        ```
        """
        text, secret = key.file.read_text("utf-8"), key.secret.value
        if hashlib.sha256(secret.encode()).hexdigest() not in text:
            raise AssertionError(f"{key.file} does not hold the key's SHA-256.")
        # Twelve characters carry 72 random bits: equality is no accident.
        if any(secret[at : at + _SHOWN_PART] in text for at in range(len(secret) - _SHOWN_PART + 1)):
            raise AssertionError(f"{key.file} holds a part of the key itself.")

    @keyword
    def text_should_not_contain_the_key(self, text: str, key: MadeKey) -> None:
        """Fail if a text holds the key; the message does not show it.

        ```robotframework
        Text Should Not Contain The Key    ${list.stdout}    ${key}
        ```
        """
        if key.secret.value in text:
            raise AssertionError(f"The text holds the key: {text.replace(key.secret.value, '<secret>')}")

    @keyword
    def wait_as_told(self, refusal: Exchange) -> float:
        """Wait as long as a refusal says in `retry-after`, and no longer.

        Returns:
            The seconds.

        Raises:
            AssertionError: the header is missing or no whole number, or above 30 seconds.

        ```robotframework
        Wait As Told    ${refusal}
        ```
        """
        retry_after = refusal.response_headers.get("retry-after", "")
        if not (retry_after.isascii() and retry_after.isdecimal()) or int(retry_after) > _LONGEST_WAIT_S:
            raise AssertionError(f"retry-after is {retry_after!r} instead of up to {_LONGEST_WAIT_S:g} whole seconds.")
        time.sleep(int(retry_after))
        return float(retry_after)


def _ended(sent: list[Future[Exchange]]) -> int:
    return sum(future.done() for future in sent)


def _chat(fields: dict[str, str]) -> Callable[[], Exchange]:
    """A function that posts one chat request."""
    client = target.client()
    values = {name: json_or_text(value) for name, value in fields.items()}
    body = json.dumps(client.request("Hello.") | values).encode()
    headers = {"content-type": "application/json", "connection": "close"}
    return lambda: client.send("POST", CHAT, body=body, headers=headers)
