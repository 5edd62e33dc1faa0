"""Configurations with a route of several backends, and rules for their failures."""

import json
from datetime import timedelta
from pathlib import Path

from robot.api.deco import keyword, library

from keywords.client.http import CHAT
from keywords.engine.machine import Deadline
from keywords.engine.scripted.backend import ScriptedBackend
from keywords.engine.waiting import wait_until
from keywords.run import target
from keywords.run.arguments import CONVERTERS, Numbers, Settings
from keywords.run.gateway_config import write_config
from keywords.run.output_folder import new_work_file

_SOON = timedelta(seconds=2)
_POLL_S = 0.1


@library(scope="GLOBAL", doc_format="MARKDOWN", converters=CONVERTERS)
class RoutesLibrary:
    """Route one model to several scripted backends, which the gateway knows as `first`, `second` and `third`.

    ```robotframework
    ${config} =    Write Route Config    ${first}    ${second}    retries=attempts=2 base_s=0.01
    ${gateway} =    Start Gateway    config=${config}
    ```
    """

    NAMES = ("first", "second", "third")

    @keyword
    def backend_should_answer(self, name: str, *, within: timedelta = _SOON) -> None:
        """Post chat requests, a tenth of a second apart, until a certain backend of the route answers one.

        Raises:
            AssertionError: it answered none in time.

        ```robotframework
        Backend Should Answer    first    within=2 s
        ```
        """
        client = target.client()
        body = json.dumps(client.request("Hello.")).encode()
        answered = []

        def ask() -> str:
            exchange = client.send("POST", CHAT, body=body, headers={"content-type": "application/json"})
            answered.append(exchange.response_headers.get("x-gateway-backend", f"nobody ({exchange.status})"))
            return answered[-1]

        wait_until(
            ask,
            lambda answering: answering == name,
            Deadline(within.total_seconds()),
            lambda _: AssertionError(
                f"'{name}' did not answer within {within.total_seconds():g} s, but: {', '.join(answered)}"
            ),
            every_s=_POLL_S,
        )

    @keyword
    def write_route_config(
        self,
        *backends: ScriptedBackend,
        weights: Numbers = None,
        timeouts: Settings = None,
        retries: Settings = None,
        breaker: Settings = None,
    ) -> Path:
        """Write a configuration whose model `scripted` routes to these backends, in their order.

        Args:
            backends: one to three, which get OpenAI's format; they need not run.
            weights: one for each backend, which then share the load (`3 1`); without, the later ones are fallbacks.
            timeouts: settings of the table `[timeouts]`, such as `attempt_s=0.4 total_s=1`.
            retries: settings of the table `[retries]`.
            breaker: settings of the table `[breaker]`.

        Returns:
            The file, in the folder of the running row or suite below `work` in the results.

        Raises:
            ValueError: there are no backends or more than three, or not one weight for each.

        ```robotframework
        ${config} =    Write Route Config    ${first}    ${second}    weights=3 1
        ```
        """
        if not 1 <= len(backends) <= len(self.NAMES):
            raise ValueError(f"Give 1 to {len(self.NAMES)} backends, not {len(backends)}.")
        names = self.NAMES[: len(backends)]
        shares = [{}] * len(backends) if weights is None else [{"weight": weight} for weight in weights]
        route = [{"backend": name, **share} for name, share in zip(names, shares, strict=True)]
        urls = {name: f"{backend.url}/v1" for name, backend in zip(names, backends, strict=True)}
        return write_config(
            new_work_file("route", ".toml"),
            {
                "backends": {name: {"kind": "openai", "base_url": url} for name, url in urls.items()},
                "models": {"scripted": {"route": route}},
                "timeouts": timeouts or {},
                "retries": retries or {},
                "breaker": breaker or {},
            },
        )
