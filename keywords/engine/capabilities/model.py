"""Capabilities of a model, seen in its answers, since no record shows what reached it.

The answers are greedy and short. Each trial compares the model's answers with and without the capability.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from keywords.engine.capabilities.backends import CAPABILITIES, DROPPED_HEADER, Outcome
from keywords.engine.openai.client import CHAT, JSON

if TYPE_CHECKING:
    from collections.abc import Callable

    from keywords.engine.openai.client import ChatClient

_HOT = 2
_TOOL = CAPABILITIES["tools"].fields
_TINY_SCHEMA = {
    "type": "object",
    "properties": {"a": {"enum": ["x"]}},
    "required": ["a"],
    "additionalProperties": False,
}


class RefusedError(Exception):
    """The request was refused with 400; the message is the field at fault."""


class DroppedError(Exception):
    """The answer names the parameter as dropped."""


class _Asker:
    """Sends a model the same prompt with further fields; `param` is the one on trial."""

    def __init__(self, client: ChatClient, param: str) -> None:
        self._client = client
        self._param = param

    def __call__(self, **fields: Any) -> dict[str, Any]:
        """Send one request and return its answer.

        Raises:
            RefusedError: the request was refused with 400.
            DroppedError: the answer names the parameter as dropped.
            ValueError: the request got another error.
        """
        body = self._client.request("Say hello.", temperature=0, max_tokens=6) | fields
        exchange = self._client.send("POST", CHAT, body=json.dumps(body).encode(), headers=JSON)
        if exchange.status == HTTPStatus.BAD_REQUEST:
            raise RefusedError(exchange.json()["error"]["param"] or "")
        if exchange.status != HTTPStatus.OK:
            raise ValueError(f"answered with {exchange.status}: {exchange.body.decode()}")
        if self._param in (exchange.response_headers.get(DROPPED_HEADER) or "").split(", "):
            raise DroppedError
        answer: dict[str, Any] = exchange.json()
        return answer


def model_outcome(client: ChatClient, capability: str) -> Outcome:
    """What happens to a capability in requests to a model.

    Args:
        client: the model's client.
        capability: a name in `CAPABILITIES` that has a trial.

    Returns:
        `taken`: it shows in the answer. `dropped`: the answer names it in `x-gateway-dropped-params`. `refused`: the
        request was refused for it. `lost`: it does not show, and the answer does not say so.

    Raises:
        KeyError: there is no such trial.
        ValueError: the refusal is of another field, or a request failed.
    """
    param = CAPABILITIES[capability].param
    try:
        shows = _TRIALS[capability](_Asker(client, param))
    except DroppedError:
        return "dropped"
    except RefusedError as refusal:
        if not str(refusal).startswith(param):
            raise ValueError(f"refused for {str(refusal)!r}") from refusal
        return "refused"
    return "taken" if shows else "lost"


def _text(answer: dict[str, Any]) -> str:
    return str(answer["choices"][0]["message"]["content"])


def _stop(ask: _Asker) -> bool:
    whole = _text(ask())
    word = whole.split()[1]
    return _text(ask(stop=[word])) == whole.partition(word)[0]


def _seed(ask: _Asker) -> bool:
    first, again, other = (_text(ask(temperature=_HOT, seed=seed)) for seed in (7, 7, 8))
    return first == again != other


def _logit_bias(ask: _Asker) -> bool:
    first = ask(logprobs=True)["choices"][0]["logprobs"]["content"][0]
    return not _text(ask(logit_bias={str(first["id"]): -100})).startswith(first["token"])


def _shows(**fields: Any) -> Callable[[_Asker], bool]:
    """Trial of whether fields change the model's text."""
    return lambda ask: _text(ask(**fields)) != _text(ask())


def _reaches_prompt(**fields: Any) -> Callable[[_Asker], bool]:
    """Trial of whether fields make the prompt longer."""
    return lambda ask: ask(**fields)["usage"]["prompt_tokens"] > ask()["usage"]["prompt_tokens"]


def _schema(ask: _Asker) -> bool:
    response_format = {"type": "json_schema", "json_schema": {"name": "a", "schema": _TINY_SCHEMA}}
    return bool(json.loads(_text(ask(max_tokens=32, response_format=response_format))) == {"a": "x"})


_TRIALS: dict[str, Callable[[_Asker], bool]] = {
    "max_tokens": lambda ask: ask(max_tokens=3)["usage"]["completion_tokens"] == 3,  # noqa: PLR2004  # what was asked
    "temperature": _shows(temperature=_HOT, seed=1),
    "stop": _stop,
    "seed": _seed,
    "presence_penalty": lambda ask: _text(ask(presence_penalty=2, max_tokens=24)) != _text(ask(max_tokens=24)),
    "logit_bias": _logit_bias,
    "logprobs": lambda ask: bool(ask(logprobs=True)["choices"][0]["logprobs"]["content"]),
    "n>1": lambda ask: len(ask(n=2)["choices"]) == 2,  # noqa: PLR2004  # what was asked
    "tools": _reaches_prompt(**_TOOL),
    "a forced tool": lambda ask: bool(
        ask(max_tokens=32, **CAPABILITIES["a forced tool"].fields)["choices"][0]["message"].get("tool_calls")
    ),
    "one tool at a time": _reaches_prompt(**CAPABILITIES["one tool at a time"].fields),
    "json_schema": _schema,
    "json_object": lambda ask: _text(ask(response_format={"type": "json_object"})).lstrip().startswith("{"),
    "an image": _reaches_prompt(**CAPABILITIES["an image"].fields),
    "an image by address": _reaches_prompt(**CAPABILITIES["an image by address"].fields),
    "reasoning_effort": _shows(reasoning_effort="low"),
    "user": _shows(user="u1"),
}
