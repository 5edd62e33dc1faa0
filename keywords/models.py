"""Which models the gateway offers."""

from __future__ import annotations

from typing import Any

from robot.api import logger
from robot.api.deco import keyword, library

from keywords import target
from keywords.engine import conformance
from keywords.engine.answer import read_object


@library(scope="SUITE", doc_format="MARKDOWN")
class ModelsLibrary:
    """Find out which models a client may ask for."""

    @keyword
    def list_models(self) -> list[str]:
        """The ids of the models that the gateway offers; the list itself must be as OpenAI writes it.

        Raises:
            GatewayRefused: the gateway answered with an error.
            NotAnAnswer: the body is not a list of models as OpenAI writes it; the message names each defect.

        ```robotframework
        @{models} =    List Models
        Should Not Be Empty    ${models}
        ```
        """
        ids = [model["id"] for model in target.client().models()]
        logger.info(f"{len(ids)} models: {', '.join(ids)}")
        return ids

    @keyword
    def get_model(self, model: str | None = None) -> dict[str, Any]:
        """One model's object: `id`, `object`, `created`, `owned_by`.

        Args:
            model: its id; `${MODEL}` if left out.

        Raises:
            GatewayRefused: the gateway answered with an error.
            AssertionError: it is not a model object, or another model's.

        ```robotframework
        ${model} =    Get Model
        ```
        """
        client = target.client()
        wanted = model or client.model
        body = read_object(client.send("GET", f"/v1/models/{wanted}"), "a model")
        defects = conformance.model_defects(body)
        if body.get("id") != wanted:
            defects.append(f"id must be {wanted!r}, it is {body.get('id')!r}")
        if defects:
            raise AssertionError(f"Not the model {wanted!r}: {'; '.join(defects)}")
        logger.info(f"{wanted}: {body}")
        return body
