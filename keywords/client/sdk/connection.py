"""The real `openai` package pointed at the gateway under test, its exchanges recorded as evidence."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx2
import openai
from robot.api import logger

from keywords.engine.evidence.collector import COLLECTOR
from keywords.engine.http.recorder import RecordingTransport
from keywords.engine.openai.answer import Usage
from keywords.run import target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openai.types import CompletionUsage

    from keywords.engine.openai.stream import StreamedAnswer

TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class SdkAnswer:
    """What the package made of an answer.

    Attributes:
        text: of the first choice, the stream's pieces joined.
        finish_reason: of the first choice.
        usage: None if the answer carries none.
        model: as the answer names it.
        chunks: how many the stream had; 1 for a plain answer.
    """

    text: str
    finish_reason: str | None
    usage: Usage | None
    model: str
    chunks: int = 1


def replayed(stream: StreamedAnswer) -> openai.Stream[openai.types.chat.ChatCompletionChunk]:
    """The package's own stream over the bytes of a stream that came before; reading it costs no request."""
    answer = httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=stream.exchange.body)
    http = httpx2.Client(transport=httpx2.MockTransport(lambda _: answer))
    sdk = openai.OpenAI(base_url="http://replay.invalid/v1", api_key="unused", max_retries=0, http_client=http)
    return sdk.chat.completions.create(model="unused", messages=[{"role": "user", "content": "unused"}], stream=True)


@contextmanager
def sdk_client(api_key: str | None = None) -> Iterator[tuple[openai.OpenAI, str]]:
    """The package's client for the gateway under test, and the model's id."""
    gateway = target.client()
    transport = RecordingTransport(httpx2.HTTPTransport(trust_env=False), COLLECTOR.add, TIMEOUT_S)
    with (
        httpx2.Client(transport=transport, trust_env=False, timeout=TIMEOUT_S) as http,
        openai.OpenAI(
            base_url=f"{gateway.base_url}/v1",
            # The package insists on some key, also for a gateway without.
            api_key=api_key or target.api_key() or "none",
            max_retries=0,
            http_client=http,
        ) as sdk,
    ):
        yield sdk, gateway.model


def usage_of(usage: CompletionUsage | None) -> Usage | None:
    """The package's numbers as ours."""
    if usage is None:
        return None
    return Usage(usage.prompt_tokens, usage.completion_tokens, usage.total_tokens)


def logged(answer: SdkAnswer) -> SdkAnswer:
    """The answer, which the log has then."""
    logger.info(str(answer))
    return answer
