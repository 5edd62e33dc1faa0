"""The real `openai` package as a client of the gateway."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import httpx2
import openai
from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords import target
from keywords.engine.evidence import COLLECTOR
from keywords.engine.recorder import RecordingTransport
from keywords.engine.stream import StreamedAnswer
from keywords.judging import judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TIMEOUT_S = 120.0

Mistake = Literal["bad_request", "unknown_model", "wrong_key"]


@dataclass(frozen=True, slots=True)
class SdkAnswer:
    """What the package made of an answer.

    Attributes:
        text: of the first choice, the stream's pieces joined.
        finish_reason: of the first choice.
        prompt_tokens: None if the answer carries no usage.
        completion_tokens: None if the answer carries no usage.
        total_tokens: None if the answer carries no usage.
        model: as the answer names it.
        chunks: how many the stream had; 1 for a plain answer.
    """

    text: str
    finish_reason: str | None
    prompt_tokens: int | None
    completion_tokens: int | None
    total_tokens: int | None
    model: str
    chunks: int = 1


@library(scope="SUITE", doc_format="MARKDOWN")
class OpenAISdkLibrary:
    """What a user of the `openai` package gets from the gateway.

    The package retries nothing here and takes no proxy from the environment; all else is as its users have it. Its
    exchanges are part of the row's evidence.

    The `Get…` keywords return a value; with an operator and an expected value they also judge it, and `message` then
    replaces the usual message.
    """

    @keyword
    def sdk_chat(self, prompt: str, *, temperature: float = 1, max_tokens: int = 64) -> SdkAnswer:
        """Ask with `client.chat.completions.create`.

        Args:
            prompt: the user message.
            temperature: 0 to 2.
            max_tokens: upper bound of the answer, in tokens.

        Returns:
            Text, finish reason, usage, model.

        Raises:
            openai.APIError: whatever the package raises.

        ```robotframework
        ${answer} =    Sdk Chat    Name three colours.    temperature=0
        Should Not Be Empty    ${answer.text}
        ```
        """
        with _sdk() as (sdk, model):
            made = sdk.chat.completions.create(
                model=model,
                messages=[{"role": "user", "content": prompt}],
                temperature=temperature,
                max_tokens=max_tokens,
            )
        choice, usage = made.choices[0], made.usage
        return _logged(
            SdkAnswer(
                text=choice.message.content or "",
                finish_reason=choice.finish_reason,
                prompt_tokens=usage.prompt_tokens if usage else None,
                completion_tokens=usage.completion_tokens if usage else None,
                total_tokens=usage.total_tokens if usage else None,
                model=made.model,
            )
        )

    @keyword
    def sdk_stream(self, prompt: str, *, temperature: float = 1, max_tokens: int = 64) -> SdkAnswer:
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
        ${answer} =    Sdk Stream    Name three colours.    temperature=0
        Should Be True    ${answer.total_tokens} > 0
        ```
        """
        with _sdk() as (sdk, model):
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
        return _logged(
            SdkAnswer(
                text="".join(choice.delta.content or "" for choice in choices),
                finish_reason=next((choice.finish_reason for choice in choices if choice.finish_reason), None),
                prompt_tokens=usage.prompt_tokens if usage else None,
                completion_tokens=usage.completion_tokens if usage else None,
                total_tokens=usage.total_tokens if usage else None,
                model=chunks[0].model if chunks else "",
                chunks=len(chunks),
            )
        )

    @keyword
    def sdk_list_models(self) -> list[str]:
        """The ids of the models, by `client.models.list`.

        Raises:
            openai.APIError: whatever the package raises.

        ```robotframework
        @{ids} =    Sdk List Models
        Should Not Be Empty    ${ids}
        ```
        """
        with _sdk() as (sdk, _):
            ids = [model.id for model in sdk.models.list()]
        logger.info(f"{len(ids)} models: {', '.join(ids)}")
        return ids

    @keyword
    def get_sdk_error_class(
        self,
        mistake: Mistake,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
    ) -> str:
        """The class that the package raises after a mistake of its user.

        The mistake `bad_request` is a temperature of 99; `unknown_model` and `wrong_key` are what they say.

        Raises:
            AssertionError: the comparison failed, or nothing was raised.

        ```robotframework
        Get Sdk Error Class    bad_request      ==    BadRequestError
        Get Sdk Error Class    unknown_model    ==    NotFoundError
        Get Sdk Error Class    wrong_key        ==    AuthenticationError
        ```
        """
        with _sdk(api_key="sk-wrong" if mistake == "wrong_key" else None) as (sdk, model):
            found = _class_raised(
                lambda: sdk.chat.completions.create(
                    model="no-such-model" if mistake == "unknown_model" else model,
                    messages=[{"role": "user", "content": "Hello."}],
                    temperature=99 if mistake == "bad_request" else 0,
                    max_tokens=1,
                )
            )
        return judge(found, assertion_operator, assertion_expected, f"The class for {mistake}", message)

    @keyword
    def get_sdk_error_class_for_stream(
        self,
        stream: StreamedAnswer,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
    ) -> str:
        """The class that the package raises when it reads a stream that came before, byte for byte.

        So one broken stream shows both what the gateway sent and what a user of the package makes of it.

        Raises:
            AssertionError: the comparison failed, or nothing was raised.

        ```robotframework
        Get Sdk Error Class For Stream    ${stream}    ==    APIError
        ```
        """
        found = _class_raised(lambda: list(replayed(stream)))
        return judge(found, assertion_operator, assertion_expected, "The class for this stream", message)


def replayed(stream: StreamedAnswer) -> openai.Stream[openai.types.chat.ChatCompletionChunk]:
    """The package's own stream over the bytes of a stream that came before; reading it costs no request."""
    answer = httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=stream.exchange.body)
    http = httpx2.Client(transport=httpx2.MockTransport(lambda _: answer))
    sdk = openai.OpenAI(base_url="http://replay.invalid/v1", api_key="unused", max_retries=0, http_client=http)
    return sdk.chat.completions.create(model="unused", messages=[{"role": "user", "content": "unused"}], stream=True)


@contextmanager
def _sdk(api_key: str | None = None) -> Iterator[tuple[openai.OpenAI, str]]:
    """The package's client for the gateway under test, and the model's id."""
    gateway = target.target()
    transport = RecordingTransport(httpx2.HTTPTransport(trust_env=False), COLLECTOR.add, TIMEOUT_S)
    with (
        httpx2.Client(transport=transport, trust_env=False, timeout=TIMEOUT_S) as http,
        openai.OpenAI(
            base_url=f"{gateway.url}/v1",
            # The package insists on some key, also for a gateway without.
            api_key=api_key or gateway.api_key or "none",
            max_retries=0,
            http_client=http,
        ) as sdk,
    ):
        yield sdk, gateway.model


def _class_raised(call: Callable[[], object]) -> str:
    try:
        call()
    except openai.OpenAIError as error:
        logger.info(f"{type(error).__name__}: {error}")
        return type(error).__name__
    raise AssertionError("The openai package raised nothing; the gateway accepted what it should have refused")


def _logged(answer: SdkAnswer) -> SdkAnswer:
    logger.info(str(answer))
    return answer
