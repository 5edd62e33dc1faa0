"""The real `openai` package as a client of the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

import openai
from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.client.chat import UsageNumber
from keywords.client.sdk.connection import SdkAnswer, logged, replayed, sdk_client, usage_of
from keywords.engine.openai.stream import StreamedAnswer
from keywords.run.assertions import verify

if TYPE_CHECKING:
    from collections.abc import Callable

    from openai.types.chat import ChatCompletionUserMessageParam

_EQUAL = AssertionOperator["=="]


@library(scope="SUITE", doc_format="MARKDOWN")
class OpenAISdkLibrary:
    """What a user of the `openai` package gets from the gateway.

    The package retries nothing here and takes no proxy from the environment; all else is as its users have it. Its
    exchanges are part of the row's evidence.

    A keyword `… Raises` takes the name of the class and fails with an AssertionError if the package raises another one,
    or nothing.

    The `Get…` keywords return a value; with an operator and an expected value they also judge it, and `message` then
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
            openai.APIError: whatever the package raises.

        ```robotframework
        ${answer} =    OpenAI Chat    Name three colours.    temperature=0
        Get OpenAI Text    ${answer}    contains    blue
        ```
        """
        with sdk_client() as (sdk, model):
            made = sdk.chat.completions.create(
                model=model,
                messages=[{"role": "user", "content": prompt}],
                temperature=temperature,
                max_tokens=max_tokens,
                extra_body=extra_body,
            )
        choice, usage = made.choices[0], made.usage
        return logged(
            SdkAnswer(
                text=choice.message.content or "",
                finish_reason=choice.finish_reason,
                usage=usage_of(usage),
                model=made.model,
            )
        )

    @keyword
    def openai_stream(self, prompt: str, *, temperature: float = 1, max_tokens: int = 64) -> SdkAnswer:
        """Stream with `client.chat.completions.create(stream=True)` and ask for usage.

        Args:
            prompt: the user message.
            temperature: 0 to 2.
            max_tokens: upper bound of the answer, in tokens.

        Returns:
            Joined text, finish reason, usage, model, number of chunks.

        Raises:
            openai.APIError: whatever the package raises.

        ```robotframework
        ${answer} =    OpenAI Stream    Name three colours.    temperature=0
        Get OpenAI Usage    ${answer}    total_tokens    >    0
        ```
        """
        with sdk_client() as (sdk, model):
            stream = sdk.chat.completions.create(
                model=model,
                messages=[{"role": "user", "content": prompt}],
                temperature=temperature,
                max_tokens=max_tokens,
                stream=True,
                stream_options={"include_usage": True},
            )
            chunks = list(stream)
        choices = [choice for chunk in chunks for choice in chunk.choices if choice.index == 0]
        usage = next((chunk.usage for chunk in reversed(chunks) if chunk.usage), None)
        return logged(
            SdkAnswer(
                text="".join(choice.delta.content or "" for choice in choices),
                finish_reason=next((choice.finish_reason for choice in choices if choice.finish_reason), None),
                usage=usage_of(usage),
                model=chunks[0].model if chunks else "",
                chunks=len(chunks),
            )
        )

    @keyword
    def openai_list_models(self) -> list[str]:
        """The ids of the models, by `client.models.list`.

        Raises:
            openai.APIError: whatever the package raises.

        ```robotframework
        @{ids} =    OpenAI List Models
        Should Not Be Empty    ${ids}
        ```
        """
        with sdk_client() as (sdk, _):
            ids = [model.id for model in sdk.models.list()]
        logger.info(f"{len(ids)} models: {', '.join(ids)}")
        return ids

    @keyword
    def openai_bad_request_raises(self, expected: str) -> None:
        """Judge which class the package raises for a temperature of 99.

        ```robotframework
        OpenAI Bad Request Raises    BadRequestError
        ```
        """
        with sdk_client() as (sdk, model):
            raised = _raised(lambda: _hello(sdk, model, temperature=99))
        verify(raised, _EQUAL, expected, "The class for a temperature of 99", None)

    @keyword
    def openai_unknown_model_raises(self, expected: str) -> None:
        """Judge which class the package raises for a model that the gateway does not know.

        ```robotframework
        OpenAI Unknown Model Raises    NotFoundError
        ```
        """
        with sdk_client() as (sdk, _):
            raised = _raised(lambda: _hello(sdk, "no-such-model"))
        verify(raised, _EQUAL, expected, "The class for a model that the gateway does not know", None)

    @keyword
    def openai_wrong_key_raises(self, expected: str) -> None:
        """Judge which class the package raises for a wrong key.

        ```robotframework
        OpenAI Wrong Key Raises    AuthenticationError
        ```
        """
        with sdk_client(api_key="sk-wrong") as (sdk, model):
            raised = _raised(lambda: _hello(sdk, model))
        verify(raised, _EQUAL, expected, "The class for a wrong key", None)

    @keyword
    def openai_raises_for_stream(self, stream: StreamedAnswer, expected: str) -> None:
        """Judge which class the package raises when it reads a stream that came before, byte for byte.

        So one broken stream shows both what the gateway sent and what a user of the package makes of it.

        ```robotframework
        OpenAI Raises For Stream    ${stream}    APIError
        ```
        """
        verify(_raised(lambda: list(replayed(stream))), _EQUAL, expected, "The class for this stream", None)

    @keyword
    def get_openai_text(
        self,
        answer: SdkAnswer,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
    ) -> str:
        """What the first choice says.

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
        """A number of tokens, by its name; `${None}` where the package found no usage.

        ```robotframework
        ${answer} =    OpenAI Stream    Say OK
        Get OpenAI Usage    ${answer}    completion_tokens    >    0
        ```
        """
        value: int | None = getattr(answer.usage, number, None)
        return verify(value, assertion_operator, assertion_expected, f"usage.{number} (tokens)", message)


def _hello(sdk: openai.OpenAI, model: str, temperature: float = 1) -> object:
    messages: list[ChatCompletionUserMessageParam] = [{"role": "user", "content": "Hello."}]
    return sdk.chat.completions.create(model=model, messages=messages, temperature=temperature, max_tokens=1)


def _raised(call: Callable[[], object]) -> str:
    try:
        call()
    except openai.OpenAIError as error:
        logger.info(f"{type(error).__name__}: {error}")
        return type(error).__name__
    raise AssertionError("The openai package raised nothing; the gateway accepted what it should have refused")
