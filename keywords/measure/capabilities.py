"""Capabilities of each kind of backend, measured through the gateway."""

import json
from typing import Literal

from robot.api import SkipExecution, logger
from robot.api.deco import keyword, library

from keywords.engine.capabilities.asking import InconclusiveError
from keywords.engine.capabilities.backends import CAPABILITIES, WIRES, Outcome, outcome, table
from keywords.engine.capabilities.model import try_capability
from keywords.engine.openai.client import CHAT
from keywords.engine.scripted.backend import ScriptedBackend
from keywords.run import target
from keywords.run.output_folder import evidence_folder
from keywords.traceability.skips import DECLINED, INCONCLUSIVE

Expected = Literal["taken", "dropped", "refused"]


@library(scope="GLOBAL", doc_format="MARKDOWN")
class CapabilitiesLibrary:
    """Use a capability with backends of several kinds, or with a model, and observe the outcome.

    The gateway's models must be called like the kinds of their backends, as by `Write Gateway Config Of All Kinds`.

    ```robotframework
    Capability Should Be    ${backend}    seed    openai=taken    anthropic=dropped
    Model Capability Should Be    llamacpp    seed    taken
    Write Capability Table
    ```
    """

    def __init__(self) -> None:
        self._outcomes: dict[str, dict[str, Outcome]] = {}

    @keyword
    def capability_should_be(self, backend: ScriptedBackend, capability: str, **expected: Expected) -> None:
        """Verify the outcome of a capability for each kind of backend.

        Args:
            backend: the scripted backend of all kinds.
            capability: a name in `keywords/engine/capabilities/backends.py`, such as `seed`.
            expected: by the kind of backend: `taken` if it must reach the backend, `dropped` if the answer must name it
                in `x-gateway-dropped-params`, `refused` if the request must be refused with 400 for it.

        Raises:
            AssertionError: a kind has another outcome; `lost` means neither sent on nor named.
            KeyError: there is no such capability.

        ```robotframework
        Capability Should Be    ${backend}    seed    openai=taken    ollama=taken    anthropic=dropped
        ```
        """
        outcomes = {kind: self._try(backend, capability, kind) for kind in expected}
        self._outcomes.setdefault(capability, {}).update(outcomes)
        wrong = [f"{kind}: {outcomes[kind]}, not {word}" for kind, word in expected.items() if outcomes[kind] != word]
        if wrong:
            raise AssertionError(f"{capability} is otherwise for {'; '.join(wrong)}")

    @keyword
    def model_capability_should_be(self, kind: str, capability: str, expected: Expected) -> None:
        """Verify the outcome of a capability for the row's model, as its answers show it.

        Args:
            kind: the kind of the model's backend: its column in the table.
            capability: a name in `keywords/engine/capabilities/model.py`.
            expected: `taken` if it must show in the answer, `dropped` if the answer must name it in
                `x-gateway-dropped-params`, `refused` if the request must be refused with 400 for it.

        Raises:
            AssertionError: it has another outcome; `lost` means that it neither shows nor is named.
            KeyError: there is no such capability.

        ```robotframework
        Model Capability Should Be    llamacpp    tools    dropped
        ```
        """
        try:
            result = try_capability(target.client(), capability)
        except ValueError as error:
            raise AssertionError(f"{capability} for {kind}: {error}") from error
        self._outcomes.setdefault(capability, {})[kind] = result.outcome
        if result.outcome != expected:
            raise AssertionError(
                f"{capability} is otherwise for {kind}: {result.outcome}, not {expected}. {result.detail}"
            )

    @keyword
    def answer_should_show(self, capability: str) -> None:
        """Verify that what a request asks for shows in the answer of the row's model, whichever server it is.

        Args:
            capability: a name in `keywords/engine/capabilities/model.py`, whose trial says what is asked and compared.

        Raises:
            AssertionError: it does not show, and the server does not say so; or a request was refused otherwise.
            SkipExecution: the server says itself that it cannot do it, by a refusal that names the field or by
                `x-gateway-dropped-params`; or the model's own words leave the question open.
            KeyError: there is no such capability.

        ```robotframework
        Answer Should Show    stop
        ```
        """
        try:
            result = try_capability(target.client(), capability)
        except InconclusiveError as error:
            raise SkipExecution(f"{INCONCLUSIVE} {error}") from None
        except ValueError as error:
            raise AssertionError(f"{capability}: {error}") from error
        if result.outcome == "lost":
            raise AssertionError(f"{capability}: {result.detail}")
        if result.outcome != "taken":
            raise SkipExecution(f"{DECLINED} the row is about {capability}, and {result.detail}")

    @keyword
    def write_capability_table(self) -> str:
        """Write the outcomes of all rows so far into `capabilities.md` among the evidence of the suite.

        Returns:
            The table, as Markdown.

        ```robotframework
        Write Capability Table
        ```
        """
        text = table(self._outcomes)
        path = evidence_folder() / "capabilities.md"
        path.write_text(text, "utf-8")
        logger.info(f"{text}\nin {path}")
        return text

    def _try(self, backend: ScriptedBackend, capability: str, kind: str) -> Outcome:
        asked = CAPABILITIES[capability]
        client = target.client()
        body = {} if asked.endpoint else client.request("Hello.")
        body |= {"model": kind, **asked.fields}
        before = len(backend.chat_requests())
        headers = {"content-type": "application/json"}
        exchange = client.send("POST", asked.endpoint or CHAT, body=json.dumps(body).encode(), headers=headers)
        received = backend.chat_requests()[before:]
        try:
            return outcome(asked, WIRES.get(kind, "openai"), exchange, received[0].json() if received else None)
        except ValueError as error:
            raise AssertionError(f"{capability} for {kind}: {error}") from error
