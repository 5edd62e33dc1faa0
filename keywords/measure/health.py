"""Health of any OpenAI-compatible server, at the address that it has for it."""

from __future__ import annotations

from http import HTTPStatus

from robot.api import SkipExecution, logger
from robot.api.deco import keyword, library

from keywords.measure.latency import Latencies
from keywords.run import target
from keywords.traceability.skips import DECLINED

_HEALTH, _MODELS = "/health", "/v1/models"


@library(scope="SUITE", doc_format="MARKDOWN")
class HealthLibrary:
    """Probe a server that need not be this project's gateway.

    ```robotframework
    ${address} =    Find Health Address
    ${probes} =    Send Probes    ${address}    times=20
    ```
    """

    @keyword
    def find_health_address(self) -> str:
        """The path of the server's health answer: `/health`, or `/v1/models` where `/health` is not found.

        ```robotframework
        ${address} =    Find Health Address
        ```
        """
        exchange = target.client().send("GET", _HEALTH)
        path = _MODELS if exchange.status == HTTPStatus.NOT_FOUND else _HEALTH
        logger.info(f"GET {_HEALTH} gave {exchange.status or exchange.failure}: the health address is {path}")
        return path

    @keyword
    def health_should_need_no_key(self) -> None:
        """Verify that `/health` is answered with 200 without a key.

        Raises:
            AssertionError: it is not.
            SkipExecution: the server has no such address: it answers 404 to a client with the key.

        ```robotframework
        Health Should Need No Key
        ```
        """
        client = target.client()
        if client.send("GET", _HEALTH).status == HTTPStatus.NOT_FOUND:
            raise SkipExecution(f"{DECLINED} the row is about {_HEALTH}, and the server answers 404: it has none")
        exchange = client.send("GET", _HEALTH, anonymous=True)
        if exchange.status != HTTPStatus.OK:
            got = exchange.status or exchange.failure
            raise AssertionError(f"GET {exchange.url} without a key should be answered with 200, got {got}")

    @keyword
    def send_probes_during_stream(self, path: str, *, times: int, max_tokens: int = 100) -> Latencies:
        """Send the same GET request again and again while the server generates an answer.

        Args:
            path: from the first slash.
            times: number of requests.
            max_tokens: upper bound of the answer, in tokens.

        Raises:
            AssertionError: a probe was not answered with 200.
            GatewayRefused: the stream was refused.
            TimeoutError: the stream did not end in the longest time that an answer may take.

        ```robotframework
        ${probes} =    Send Probes During Stream    /health    times=5
        ```
        """
        client = target.client()
        running = client.start_stream("Tell me a long story.", max_tokens=max_tokens, temperature=0)
        exchanges = [client.send("GET", path) for _ in range(times)]
        stream = running.finish(client.longest_s)
        logger.info(
            f"The stream took {stream.total_s:.3f} s; the probes {sum(each.total_s for each in exchanges):.3f} s"
        )
        bad = [str(each.status or each.failure) for each in exchanges if each.status != HTTPStatus.OK]
        if bad:
            raise AssertionError(
                f"{len(bad)} of {times} GET {path} were not answered with 200 while an answer was generated, but with: "
                f"{', '.join(bad[:5])}"
            )
        return Latencies(f"answers to GET {path} during a stream", tuple(each.total_s for each in exchanges))
