"""Embeddings: texts as vectors."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import Any

from assertionengine import AssertionOperator
from robot.api import SkipExecution, logger
from robot.api.deco import keyword, library

from keywords.engine.openai import embeddings
from keywords.engine.openai.answer import GatewayRefused
from keywords.engine.openai.embeddings import Embeddings, Format
from keywords.run import target
from keywords.run.arguments import CONVERTERS, Fields, without_none
from keywords.run.assertions import verify, verify_no_defects

_NOT_OFFERED = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED}
)
"""The statuses with which a server says that it, or the model, makes no vectors."""


@library(scope="SUITE", doc_format="MARKDOWN", converters=CONVERTERS)
class EmbeddingsLibrary:
    """Ask the gateway for the vectors of texts (`/v1/embeddings`).

    The `Get…` keywords return a value; with an operator and an expected value they also verify it, and `message` then
    replaces the usual message.
    """

    @keyword
    def ask_for_embeddings(
        self,
        *texts: str,
        model: str | None = None,
        encoding_format: Format | None = None,
        extra: Fields = None,
    ) -> Embeddings:
        """Ask for the vectors of one or several texts.

        Args:
            texts: one text is sent as a text, several as a list.
            model: model id; `${MODEL}` if left out.
            encoding_format: `float` for arrays of numbers, `base64` for packed ones, which this keyword unpacks.
            extra: further fields of the request; `input` replaces the texts.

        Returns:
            Vectors, usage, the exchange itself.

        Raises:
            GatewayRefused: the gateway answered with an error.
            AnswerBrokeOff: the answer did not arrive, or not completely.
            NotAnAnswer: the body is no list of embeddings in that format.

        ```robotframework
        ${vectors} =    Ask For Embeddings    A cat.    A dog.
        ```
        """
        default_input: Any = texts[0] if len(texts) == 1 else list(texts)
        fields = {"model": model, "encoding_format": encoding_format, **(extra or {})}
        vectors = embeddings.embed(target.client(), fields.pop("input", default_input), **without_none(fields))
        logger.info(str(vectors))
        return vectors

    @keyword
    def skip_unless_embeddings_are_offered(self) -> None:
        """Ask for one vector, and skip if the server says itself that it makes none with the row's model.

        Raises:
            SkipExecution: the server refused the request with 400, 404, 405 or 501.
            GatewayRefused: the server answered with another error.

        ```robotframework
        Skip Unless Embeddings Are Offered
        ```
        """
        try:
            embeddings.embed(target.client(), "Hello.")
        except GatewayRefused as refusal:
            if refusal.status not in _NOT_OFFERED:
                raise
            raise SkipExecution(f"The rows are about vectors, and the server makes none: {refusal}") from None

    @keyword
    def vectors_should_be_of_their_texts(self, together: Embeddings, alone: list[Embeddings], least: float) -> None:
        """Verify that each text has the same vector beside other texts as alone.

        Args:
            together: the vectors of all texts, from one request.
            alone: the vectors of each text, from a request of its own, in the same order.
            least: the least cosine between the two vectors of a text.

        Raises:
            AssertionError: there are more or fewer vectors than texts, or the first text that has another vector.

        ```robotframework
        ${together} =    Ask For Embeddings    A cat.    A dog.
        ${cat} =    Ask For Embeddings    A cat.
        ${dog} =    Ask For Embeddings    A dog.
        VAR    @{alone}    ${cat}    ${dog}
        Vectors Should Be Of Their Texts    ${together}    ${alone}    least=0.99
        ```
        """
        if len(together.vectors) != len(alone):
            raise AssertionError(f"{len(alone)} texts should have so many vectors, they have {len(together.vectors)}")
        for number, (vector, own) in enumerate(zip(together.vectors, alone, strict=True), start=1):
            if len(vector) != len(own.vectors[0]):
                raise AssertionError(
                    f"Text {number} should have {len(own.vectors[0])} numbers as alone, it has {len(vector)}"
                )
            cosine = embeddings.similarity(vector, own.vectors[0])
            if cosine < least:
                raise AssertionError(
                    f"Text {number} should have the same vector as alone, the cosine between both is {cosine:.3f}, "
                    f"below {least}"
                )
        logger.info(f"{len(alone)} texts have their own vectors")

    @keyword
    def get_vector_norm(
        self,
        answer: Embeddings,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """The Euclidean length of the first vector.

        ```robotframework
        ${vectors} =    Ask For Embeddings    A cat.
        Get Vector Norm    ${vectors}    >    0.99
        ```
        """
        norm = math.hypot(*answer.vectors[0])
        return verify(norm, assertion_operator, assertion_expected, "The Euclidean length of the vector", message)

    @keyword
    def embeddings_should_be_complete(self, answer: Embeddings, texts: int = 1) -> None:
        """Verify the whole object: number and order of vectors, model, and a usage of the prompt's tokens alone.

        Raises:
            AssertionError: with every defect in it.

        ```robotframework
        ${vectors} =    Ask For Embeddings    A cat.    A dog.
        Embeddings Should Be Complete    ${vectors}    texts=2
        ```
        """
        verify_no_defects(
            "Not a complete list of embeddings", embeddings.embeddings_defects(answer.exchange.json(), texts)
        )

    @keyword
    def get_vector_length(
        self,
        answer: Embeddings,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """The number of numbers in each vector.

        Raises:
            AssertionError: the vectors differ in length, or the comparison failed.

        ```robotframework
        ${vectors} =    Ask For Embeddings    A cat.    extra={"dimensions": 8}
        Get Vector Length    ${vectors}    ==    8
        ```
        """
        lengths = {len(vector) for vector in answer.vectors}
        if len(lengths) != 1:
            raise AssertionError(f"The vectors have different lengths: {sorted(lengths)}")
        return verify(lengths.pop(), assertion_operator, assertion_expected, "Numbers of each vector", message)

    @keyword
    def get_similarity(
        self,
        one: Embeddings,
        other: Embeddings,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """The cosine of the angle between the first vectors of two answers: 1 for the same direction.

        ```robotframework
        ${plain} =    Ask For Embeddings    A cat.
        ${packed} =    Ask For Embeddings    A cat.    encoding_format=base64
        Get Similarity    ${plain}    ${packed}    >    0.999
        ```
        """
        cosine = embeddings.similarity(one.vectors[0], other.vectors[0])
        return verify(cosine, assertion_operator, assertion_expected, "The cosine between both", message)

    @keyword
    def get_tokens_of_embeddings(
        self,
        answer: Embeddings,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int | None:
        """The tokens of all texts in the usage.

        ```robotframework
        ${vectors} =    Ask For Embeddings    Two words
        Get Tokens Of Embeddings    ${vectors}    ==    2
        ```
        """
        tokens = None if answer.usage is None else answer.usage.prompt_tokens
        return verify(tokens, assertion_operator, assertion_expected, "usage.prompt_tokens", message)
