"""The official `openai` package as a client of the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2
import openai
from assertionengine import AssertionOperator
from robot.api.deco import keyword, library

from keywords.client.chat import UsageNumber, verify_usage
from keywords.client.sdk.connection import connect, verify_raised
from keywords.client.sdk.openai_answer import SdkAnswer, plain_answer, streamed_answer, text_of_delta, text_of_message
from keywords.client.sdk.reading import model_ids
from keywords.engine.openai.stream import StreamedAnswer
from keywords.run.arguments import CONVERTERS, Words
from keywords.run.assertions import verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from openai.types.chat import ChatCompletionChunk


@library(scope="SUITE", doc_format="MARKDOWN", converters=CONVERTERS)
class OpenAISdkLibrary:
    """Use the gateway with the `openai` package.

    The package retries nothing here and takes no proxy from the environment; all other settings are its defaults. Its
    exchanges are evidence of the row.

    A keyword `… Raises` takes the name of a class, and fails if the package raises another one or nothing.

    The `Get…` keywords return a value; with an operator and an expected value they also verify it, and `message` then
    replaces the usual message.
    """

    @keyword
    def openai_chat(
        self,
        prompt: str,
        *,
        temperature: float = 1,
        max_tokens: int = 64,
        extra_body: dict[str, object] | None = None,
    ) -> SdkAnswer:
        """Ask with `client.chat.completions.create`.

        Args:
            prompt: the user message.
            temperature: 0 to 2.
            max_tokens: upper bound of the answer, in tokens.
            extra_body: fields of the request that the package does not know.

        Returns:
            Text, finish reason, usage, model.

        Raises:
            openai.APIError: as the package raises it.

        ```robotframework
        ${answer} =    OpenAI Chat    Name three colours.    temperature=0
        Get OpenAI Text    ${answer}    contains    blue
        ```
        """
        with openai_client() as (sdk, model):
            answer = sdk.chat.completions.create(
                model=model,
                messages=[{"role": "user", "content": prompt}],
                temperature=temperature,
                max_tokens=max_tokens,
                extra_body=extra_body,
            )
        return plain_answer(answer, text_of_message)

    @keyword
    def openai_stream(self, prompt: str, *, temperature: float = 1, max_tokens: int = 64) -> SdkAnswer:
        """Stream with `client.chat.completions.create(stream=True)` and request the usage.

        Args:
            prompt: the user message.
            temperature: 0 to 2.
            max_tokens: upper bound of the answer, in tokens.

        Returns:
            Joined text, finish reason, usage, model, number of chunks.

        Raises:
            openai.APIError: as the package raises it.

        ```robotframework
        ${answer} =    OpenAI Stream    Name three colours.    temperature=0
        Get OpenAI Usage    ${answer}    total_tokens    >    0
        ```
        """
        with openai_client() as (sdk, model):
            stream = sdk.chat.completions.create(
                model=model,
                messages=[{"role": "user", "content": prompt}],
                temperature=temperature,
                max_tokens=max_tokens,
                stream=True,
                stream_options={"include_usage": True},
            )
            chunks = list(stream)
        return streamed_answer(chunks, text_of_delta)

    @keyword
    def openai_list_models(
        self,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Words = None,
        message: str | None = None,
    ) -> list[str]:
        """The ids of the models, by `client.models.list`; the expected ones have spaces between.

        Raises:
            openai.APIError: as the package raises it.
            AssertionError: the comparison failed.

        ```robotframework
        OpenAI List Models    contains    ${MODEL}
        ```
        """
        with openai_client() as (sdk, _):
            ids = model_ids(sdk.models.list())
        return verify(ids, assertion_operator, assertion_expected, "The ids of the models", message)

    @keyword
    def openai_bad_request_raises(self, expected: str) -> None:
        """Verify which class the package raises for a temperature of 99.

        ```robotframework
        OpenAI Bad Request Raises    BadRequestError
        ```
        """
        with openai_client() as (sdk, model):
            _verify_raised(lambda: _hello(sdk, model, temperature=99), expected, "a temperature of 99")

    @keyword
    def openai_unknown_model_raises(self, expected: str) -> None:
        """Verify which class the package raises for a model that the gateway does not know.

        ```robotframework
        OpenAI Unknown Model Raises    NotFoundError
        ```
        """
        with openai_client() as (sdk, _):
            _verify_raised(lambda: _hello(sdk, "no-such-model"), expected, "a model that the gateway does not know")

    @keyword
    def openai_wrong_key_raises(self, expected: str) -> None:
        """Verify which class the package raises for a wrong key.

        ```robotframework
        OpenAI Wrong Key Raises    AuthenticationError
        ```
        """
        with openai_client(api_key="sk-wrong") as (sdk, model):
            _verify_raised(lambda: _hello(sdk, model), expected, "a wrong key")

    @keyword
    def openai_raises_for_stream(self, stream: StreamedAnswer, expected: str) -> None:
        """Verify which class the package raises when it reads a recorded stream, byte for byte.

        One broken stream then shows both what the gateway sent and what a user of the package makes of it.

        ```robotframework
        OpenAI Raises For Stream    ${stream}    APIError
        ```
        """
        _verify_raised(lambda: list(_replayed(stream)), expected, "this stream")

    @keyword
    def get_openai_text(
        self,
        answer: SdkAnswer,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
    ) -> str:
        """The text of the first choice.

        ```robotframework
        ${answer} =    OpenAI Chat    Say OK
        Get OpenAI Text    ${answer}    contains    OK
        ```
        """
        return verify(answer.text, assertion_operator, assertion_expected, "The text of the answer", message)

    @keyword
    def get_openai_usage(
        self,
        answer: SdkAnswer,
        number: UsageNumber,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int | None:
        """A number of tokens, by its name.

        Raises:
            AssertionError: the answer has no such number, or the comparison failed.

        ```robotframework
        ${answer} =    OpenAI Stream    Say OK
        Get OpenAI Usage    ${answer}    completion_tokens    >    0
        ```
        """
        return verify_usage(answer.usage, number, assertion_operator, assertion_expected, message)


def openai_client(api_key: str | None = None) -> AbstractContextManager[tuple[openai.OpenAI, str]]:
    """The package's client for the gateway under test, and the model's id."""
    return connect(openai.OpenAI, path="/v1", api_key=api_key)


def _hello(sdk: openai.OpenAI, model: str, temperature: float = 1) -> object:
    return sdk.chat.completions.create(
        model=model, messages=[{"role": "user", "content": "Hello."}], temperature=temperature, max_tokens=1
    )


def _replayed(stream: StreamedAnswer) -> openai.Stream[ChatCompletionChunk]:
    """The package's own stream over the bytes of a recorded stream; reading it costs no request."""
    response = httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=stream.exchange.body)
    http = httpx2.Client(transport=httpx2.MockTransport(lambda _: response))
    sdk = openai.OpenAI(base_url="http://replay.invalid/v1", api_key="unused", max_retries=0, http_client=http)
    return sdk.chat.completions.create(model="unused", messages=[{"role": "user", "content": "unused"}], stream=True)


def _verify_raised(call: Callable[[], object], expected: str, cause: str) -> None:
    verify_raised(call, openai.OpenAIError, expected, f"The class for {cause}")
