"""Preflight: what would make a load run pointless is said in one sentence, before any load is sent."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from keywords.engine.http.probe import Facts, ProbeError, probe
from keywords.engine.load.errors import PreflightError
from keywords.engine.load.first_answers import EndlessAnswerError, within
from keywords.engine.load.plan import Target
from keywords.engine.openai.answer import GatewayRefused, NoUsableAnswer
from keywords.engine.redaction.addresses import without_credentials

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from keywords.engine.load.items import Item, ItemSource
    from keywords.engine.openai.client import ChatClient

MODEL_OPTION = "--model"
"""How the user of `qa load` names a model."""
_LOOKED_AT = 1000
"""Items among which each entry of a mix is looked for; one of a share below 1 in 1000 may be missed."""


@dataclass(frozen=True, slots=True)
class Preflight:
    """What is known before the load begins.

    Attributes:
        target: the server with the model to ask for.
        facts: what the probe found.
    """

    target: Target
    facts: Facts


def check_server(url: str, *, model: str = "", api_key: str | None = None, timeout_s: float = 5.0) -> Preflight:
    """Find out whether a server can be put under load, without spending a token.

    Args:
        url: `http://host:port`; a closing `/v1` is cut off.
        model: the model to ask for; empty takes the first that the server lists.
        api_key: None sends none.
        timeout_s: limit of each request.

    Raises:
        PreflightError: nothing answers, the key is refused, it serves no LLM, or it has no such model.
    """
    _check_address(url)
    if api_key is not None and not (api_key.isascii() and api_key.isprintable()):
        raise PreflightError("The key has signs that HTTP cannot carry. Give GATEWAY_API_KEY in one line of ASCII.")
    try:
        facts = probe(url, api_key, model=model, timeout_s=timeout_s, model_option=MODEL_OPTION)
    except ProbeError as err:
        raise PreflightError(str(err)) from err
    return Preflight(Target(facts.url, model or facts.models[0], api_key), facts)


def check_requests(client: ChatClient, source: ItemSource) -> None:
    """Send a request of each kind of item, for one token, to see whether the server takes it.

    Its words are in another order than in the workload, so that no prompt of the load run, and no prefix that its
    prompts share, stands in a cache of the server beforehand.

    Args:
        client: of the server and the model under load.
        source: of the load run's items.

    Raises:
        PreflightError: the server refuses one, or its answer is none, or has no end.
    """
    for item in _one_of_each_kind(source):
        turn = item.turns[0]
        fields = _for_one_token(dict(turn.fields))
        messages = [_reordered(message) for message in turn.messages]
        try:
            failure = within(client.longest_s, partial(_ask_once, client, messages, fields))
        except NoUsableAnswer as err:
            raise PreflightError(_refused(client, item, err)) from err
        except EndlessAnswerError as err:
            raise PreflightError(
                f"{_asked(client, item)} gets an answer without an end: {err}. Mend the server, or load another one."
            ) from err
        if failure is not None:
            raise PreflightError(
                f"{_asked(client, item)} got a broken stream: {failure}. Mend the server, or load another one."
            )


def _ask_once(client: ChatClient, messages: list[dict[str, Any]], fields: dict[str, Any]) -> str | None:
    """Send one request; return why its stream broke off, None if it did not."""
    if fields.pop("stream", True):
        return client.stream(messages, **fields).failure
    client.ask(messages, **fields)
    return None


def _check_address(url: str) -> None:
    shown = without_credentials(url)
    try:
        parts = urlsplit(url)
        complete = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # of a port beyond 65535, or a bracket that is not closed
        complete = False
    if not complete:
        raise PreflightError(f"The address '{shown}' is none; write it with its scheme, such as http://127.0.0.1:8000.")


def _one_of_each_kind(source: ItemSource) -> Iterator[Item]:
    seen: set[str] = set()
    for number in range(-_LOOKED_AT, 0):
        item = source.item(number)
        if item.kind not in seen:
            seen.add(item.kind)
            yield item


def _reordered(message: Mapping[str, Any]) -> dict[str, Any]:
    """The message with its words from the last to the first, whose tokens are about as many; other parts stay."""
    content = message.get("content")
    if isinstance(content, str):
        return {**message, "content": _backwards(content)}
    if isinstance(content, list):
        parts = [
            {**part, "text": _backwards(part["text"])}
            if isinstance(part, dict) and isinstance(part.get("text"), str)
            else part
            for part in content
        ]
        return {**message, "content": parts}
    return dict(message)


def _backwards(text: str) -> str:
    words = text.split()
    backwards = " ".join(reversed(words))
    return backwards if backwards != " ".join(words) else f"Check: {text}"


def _for_one_token(fields: dict[str, Any]) -> dict[str, Any]:
    limit = "max_completion_tokens" if "max_completion_tokens" in fields else "max_tokens"
    return {**fields, limit: 1}


def _asked(client: ChatClient, item: Item) -> str:
    return f"The first request of '{item.kind}' to {without_credentials(client.base_url)}"


def _refused(client: ChatClient, item: Item, error: NoUsableAnswer) -> str:
    if isinstance(error, GatewayRefused) and error.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        key = "Give a valid key in GATEWAY_API_KEY."
        return f"{_asked(client, item)} is refused for its key ({error.status}). {key}"
    remedy = "Correct the workload, or load a server that takes such requests."
    return f"{_asked(client, item)} gets no answer: {str(error).rstrip('.')}. {remedy}"
