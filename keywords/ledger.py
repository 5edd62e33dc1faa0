"""The gateway's request ledger, read as any other program would read it."""

import json
import sqlite3
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

from robot.api import logger
from robot.api.deco import keyword, library
from robot.utils import DotDict

from keywords.engine import clock
from keywords.engine.answer import Answer
from keywords.engine.exchange import Exchange
from keywords.engine.stream import StreamedAnswer

_POLL_S = 0.05
_WITHIN = timedelta(seconds=3)


@library(scope="GLOBAL", doc_format="MARKDOWN")
class LedgerLibrary:
    """Switch a ledger on and read what a request left there.

    ```robotframework
    ${config} =    Write Gateway Config    ${backend}
    ${ledger} =    Add Ledger To Config    ${config}    input_price=1    output_price=2
    ${gateway} =    Start Gateway    config=${config}
    ${entry} =    Get Ledger Entry    ${ledger}    ${answer}
    Should Be Equal    ${entry.tokens_source}    backend
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
        """Let a gateway keep a ledger, and give its model a price.

        Args:
            config: the gateway's configuration, which is changed.
            model: whose price it is.
            input_price: US dollars for a million tokens of prompts.
            output_price: US dollars for a million tokens of answers.
            queue: how many requests may wait to be written.

        Returns:
            The ledger's file, beside the configuration.
        """
        path = config.with_suffix(".sqlite3")
        # A run before may have left one in the same folder.
        for old in path.parent.glob(f"{path.name}*"):
            old.unlink()
        lines = [
            "[ledger]",
            f"path = {json.dumps(str(path))}",
            f"queue = {queue}",
            f"[prices.{json.dumps(model)}]",
            f"input_per_million = {input_price}",
            f"output_per_million = {output_price}",
        ]
        with config.open("a", encoding="utf-8") as file:
            file.write("\n".join((*lines, "")))
        return path

    @keyword
    def get_ledger_entry(
        self, ledger: Path, request: Exchange | Answer | StreamedAnswer | str, *, within: timedelta = _WITHIN
    ) -> DotDict:
        """What the ledger holds of one request; its column names are the names of the fields.

        Args:
            ledger: the file.
            request: what the client got, or the request's id.
            within: how long to wait for it, for it is written a little later.

        Returns:
            The columns of `requests`, and `attempts`: a list with those of `attempts`.

        Raises:
            AssertionError: it did not come.

        ```robotframework
        ${entry} =    Get Ledger Entry    ${ledger}    ${answer}
        Should Be Equal    ${entry.attempts}[0][outcome]    answered
        ```
        """
        if isinstance(request, Answer | StreamedAnswer):
            request = request.exchange
        asked = request if isinstance(request, str) else str(request.response_headers["x-request-id"])
        end = clock.now() + within.total_seconds()
        while clock.now() < end:
            found = _rows(ledger, "SELECT * FROM requests WHERE id = ?", asked)
            if found:
                attempts = _rows(ledger, "SELECT * FROM attempts WHERE request = ? ORDER BY number", found[0]["seq"])
                logger.info(json.dumps({**found[0], "attempts": attempts}, indent=2))
                return DotDict(found[0], attempts=attempts)
            time.sleep(_POLL_S)
        raise AssertionError(f"{ledger} holds no request {asked} after {within.total_seconds():g} s")

    @keyword
    def get_ledger_count(self, ledger: Path) -> int:
        """How many requests a ledger holds by now.

        ```robotframework
        ${count} =    Get Ledger Count    ${ledger}
        ```
        """
        return int(_rows(ledger, "SELECT count(*) AS count FROM requests")[0]["count"])


def _rows(path: Path, query: str, *values: Any) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query, values)]
