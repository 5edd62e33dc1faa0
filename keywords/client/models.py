"""The models that the gateway offers."""

from __future__ import annotations

from typing import Any

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.openai import conformance
from keywords.engine.openai.answer import read_object
from keywords.run import target
from keywords.run.arguments import CONVERTERS, Words
from keywords.run.assertions import verify, verify_no_defects


@library(scope="SUITE", doc_format="MARKDOWN", converters=CONVERTERS)
class ModelsLibrary:
    """List the models that a client may ask for."""

    @keyword
    def list_models(
        self,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Words = None,
        message: str | None = None,
    ) -> list[str]:
        """The ids of the models that the gateway offers; the list must have OpenAI's form.

        The expected ids have spaces between.

        Raises:
            GatewayRefused: the gateway answered with an error.
            NotAnAnswer: the body is not a list of models in OpenAI's form; the message names each defect.
            AssertionError: the comparison failed.

        ```robotframework
        @{models} =    List Models
        List Models    ==    model-a model-b
        List Models    contains    ${MODEL}
        ```
        """
        ids = [model["id"] for model in target.client().models()]
        logger.info(f"{len(ids)} models: {', '.join(ids)}")
        return verify(ids, assertion_operator, assertion_expected, "The ids of the models", message)

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
        model_id = model or client.model
        body = read_object(client.send("GET", f"/v1/models/{model_id}"), "a model")
        defects = conformance.model_defects(body)
        if body.get("id") != model_id:
            defects.append(f"id must be {model_id!r}, it is {body.get('id')!r}")
        verify_no_defects(f"Not the model {model_id!r}", defects)
        logger.info(f"{model_id}: {body}")
        return body
