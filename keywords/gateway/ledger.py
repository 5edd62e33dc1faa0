"""The gateway's request ledger, read from its file as another program would read it."""

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library
from robot.utils import DotDict

from keywords.client.http import request_id_of
from keywords.engine.http.exchange import Exchange
from keywords.engine.machine import BUSY, Deadline, measure_machine
from keywords.engine.openai.answer import Answer
from keywords.engine.openai.stream import StreamedAnswer
from keywords.engine.waiting import wait_until
from keywords.run.assertions import verify
from keywords.run.gateway_config import add_table
from keywords.run.inconclusive import LOWER_LIMITS, skip_as_inconclusive

_COST_DECIMALS = 10  # far below the price of one token
_WITHIN = timedelta(seconds=3)
_LEAST_PART = 2 / 3
"""Of the waiting time; less is left where one of two equal waits counts as the gateway's own time."""


@library(scope="GLOBAL", doc_format="MARKDOWN")
class LedgerLibrary:
    """Switch a ledger on and read its entries.

    ```robotframework
    ${config} =    Write Gateway Config    ${backend}
    ${ledger} =    Add Ledger To Config    ${config}    input_price=1    output_price=2
    ${gateway} =    Start Gateway    config=${config}
    ${entry} =    Get Ledger Entry    ${ledger}    ${answer}
    Get Field    ${entry}    tokens_source    ==    backend
    ```
    """

    @keyword
    def add_ledger_to_config(
        self,
        config: Path,
        *,
        model: str = "scripted",
        input_price: float = 0.0,
        output_price: float = 0.0,
        queue: int = 20_000,
    ) -> Path:
        """Configure a ledger, and a price of the gateway's model.

        Args:
            config: the gateway's configuration, which is changed.
            model: the model that has the price.
            input_price: US dollars for a million tokens of prompts.
            output_price: US dollars for a million tokens of answers.
            queue: maximum number of requests that wait to be written.

        Returns:
            The ledger's file, beside the configuration.
        """
        path = config.with_suffix(".sqlite3")
        add_table(config, "ledger", {"path": str(path), "queue": queue})
        add_table(config, "prices", {model: {"input_per_million": input_price, "output_per_million": output_price}})
        return path

    @keyword
    def get_ledger_entry(
        self, ledger: Path, request: Exchange | Answer | StreamedAnswer | str, *, within: timedelta = _WITHIN
    ) -> DotDict:
        """The ledger entry of one request; its column names are the names of the fields.

        Args:
            ledger: the file.
            request: the client's exchange, or the request's id.
            within: maximum wait; the entry is written a little after the answer.

        Returns:
            The columns of `requests`, and `attempts`: a list of entries with the columns of that table.

        Raises:
            AssertionError: the ledger has no such entry in time.

        ```robotframework
        ${entry} =    Get Ledger Entry    ${ledger}    ${answer}
        Get Field    ${entry}    attempts[0].outcome    ==    answered
        ```
        """
        request_id = request if isinstance(request, str) else request_id_of(request)
        entries = wait_until(
            lambda: _rows(ledger, "SELECT * FROM requests WHERE id = ?", request_id),
            bool,
            Deadline(within.total_seconds()),
            lambda _: AssertionError(f"{ledger} holds no request {request_id} after {within.total_seconds():g} s"),
        )
        attempts = _rows(ledger, "SELECT * FROM attempts WHERE request = ? ORDER BY number", entries[0]["seq"])
        logger.info(json.dumps({**entries[0], "attempts": attempts}, indent=2))
        return DotDict(entries[0], attempts=attempts)

    @keyword
    def get_ledger_count(
        self,
        ledger: Path,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """The number of requests in a ledger.

        ```robotframework
        ${count} =    Get Ledger Count    ${ledger}
        Get Ledger Count    ${ledger}    ==    3
        ```
        """
        count = int(_rows(ledger, "SELECT count(*) AS count FROM requests")[0]["count"])
        return verify(count, assertion_operator, assertion_expected, "Number of requests in the ledger", message)

    @keyword
    def await_ledger_count(self, ledger: Path, count: int, *, path: str, within: timedelta = _WITHIN) -> int:
        """Wait until a ledger has so many requests at a path, and return their number.

        Args:
            ledger: the file.
            count: a number; the wait ends when there are as many or more.
            path: of the gateway, such as `/v1/chat/completions`.
            within: maximum wait; entries are written a little after the answers.

        Raises:
            AssertionError: there are fewer when the time is over.

        ```robotframework
        ${count} =    Await Ledger Count    ${ledger}    40    path=/v1/chat/completions
        ```
        """
        return wait_until(
            lambda: int(_rows(ledger, "SELECT count(*) AS count FROM requests WHERE path = ?", path)[0]["count"]),
            lambda found: found >= count,
            Deadline(within.total_seconds()),
            lambda found: AssertionError(f"The ledger should have {count} requests at {path}, but has {found}"),
        )

    @keyword
    def get_waiting_time(
        self,
        entry: dict[str, Any],
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """The part of a request's duration that is not the gateway's own time, in milliseconds: waits for backends.

        A busy machine lengthens the gateway's own time, and this difference hardly: a process that gets no core begins
        to wait late. At least two thirds of the expected time must be left, or it is a failure on a busy machine too.

        Args:
            entry: the ledger entry.
            assertion_operator: how to compare.
            assertion_expected: milliseconds.
            message: replaces the usual message.

        Raises:
            AssertionError: the comparison failed.
            SkipExecution: it failed, and the machine is too busy for a verdict.

        ```robotframework
        ${entry} =    Get Ledger Entry    ${ledger}    ${answer}
        Get Waiting Time    ${entry}    >=    300
        ```
        """
        value: float = round(entry["duration_ms"] - entry["gateway_us"] / 1000, 3)
        label = "The part of the request's duration that is not the gateway's own time (ms)"
        details = f"the duration is {entry['duration_ms']:g} ms, the gateway's own time {entry['gateway_us']} us"
        try:
            return verify(value, assertion_operator, assertion_expected, label, message, details)
        except AssertionError as failure:
            machine = measure_machine()
            least = (assertion_expected or 0.0) * _LEAST_PART
            if assertion_operator not in LOWER_LIMITS or value < least or machine.slowdown <= BUSY:
                raise
            skip_as_inconclusive(str(failure), machine)

    @keyword
    def get_request_cost(
        self,
        entry: dict[str, Any],
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float | None:
        """The price of a request in US dollars, rounded to 10 decimals; `${None}` if the ledger has none.

        ```robotframework
        ${entry} =    Get Ledger Entry    ${ledger}    ${answer}
        Get Request Cost    ${entry}    ==    0.000012
        ```
        """
        cost: float | None = entry["cost_usd"]
        rounded = None if cost is None else round(cost, _COST_DECIMALS)
        return verify(rounded, assertion_operator, assertion_expected, "The cost of the request (US dollars)", message)


def _rows(path: Path, query: str, *values: Any) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query, values)]
