"""Official client packages pointed at the gateway under test, their exchanges recorded as evidence."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import httpx2
from assertionengine import AssertionOperator
from robot.api import logger

from keywords.engine.evidence.collector import COLLECTOR
from keywords.engine.http.probe import is_encrypted
from keywords.engine.http.recorder import RecordingTransport
from keywords.engine.openai.answer import shown
from keywords.run import target
from keywords.run.assertions import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from anthropic import Anthropic
    from openai import OpenAI

    from keywords.engine.http.exchange import Exchange

Client = TypeVar("Client", "OpenAI", "Anthropic")
Answer = TypeVar("Answer")

# What a package raises when it reads an answer of another shape; its own exceptions are none of these.
_PACKAGE_BREAKS = (TypeError, AttributeError, LookupError, ValueError, RuntimeError)
_EQUAL = AssertionOperator["=="]


@contextmanager
def connect(package: type[Client], *, path: str = "", api_key: str | None = None) -> Iterator[tuple[Client, str]]:
    """Give a package's client for the gateway under test, and the model's id.

    Args:
        package: the class of the client.
        path: what the package expects in its base URL after the address.
        api_key: a wrong key; the gateway's own if left out.

    Raises:
        AssertionError: the package itself broke over an answer, instead of raising one of its own exceptions.
    """
    gateway = target.client()
    answered: list[Exchange] = []

    def observe(exchange: Exchange) -> None:
        answered.append(exchange)
        COLLECTOR.add(exchange)

    plain = httpx2.HTTPTransport(verify=is_encrypted(gateway.base_url), trust_env=False)
    transport = RecordingTransport(plain, observe, target.patience())
    with (
        httpx2.Client(transport=transport, trust_env=False) as http,
        package(
            base_url=gateway.base_url + path,
            # The packages insist on some key, also for a gateway without.
            api_key=api_key or target.api_key() or "none",
            max_retries=0,
            http_client=http,
        ) as client,
    ):
        try:
            yield client, gateway.model
        except _PACKAGE_BREAKS as error:
            if not answered:
                raise  # the call has a wrong argument
            name, answer = package.__module__.partition(".")[0], shown(answered[-1].body)
            raise AssertionError(f"The {name} package cannot read the answer ({error!r}): {answer}") from error


def verify_raised(call: Callable[[], object], base: type[Exception], expected: str, label: str) -> None:
    """Compare the class of the exception that a call raises.

    Args:
        call: a call of the package.
        base: the class of all the package's exceptions.
        expected: the name of the class.
        label: names the value in the message.

    Raises:
        AssertionError: the package raised another class, or nothing.
    """
    try:
        call()
    except base as error:
        logger.info(f"{type(error).__name__}: {error}")
        verify(type(error).__name__, _EQUAL, expected, label, None, str(error))
        return
    package = base.__module__.partition(".")[0]
    raise AssertionError(f"The {package} package raised nothing; the gateway accepted what it should have refused")


def logged(answer: Answer) -> Answer:
    """Log an answer and return it."""
    logger.info(str(answer))
    return answer
