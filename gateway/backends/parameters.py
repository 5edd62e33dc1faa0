"""What a backend cannot take of a request: dropped and named in a header, or refused; never renamed in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.errors.base import InvalidRequest, shorten

if TYPE_CHECKING:
    from collections.abc import Collection
    from collections.abc import Set as AbstractSet

    from gateway.backends.base import Call

# What a backend does anyway: a parameter that asks for no more than this may be left out unnamed.
_ASKS_FOR_NOTHING: dict[str, Any] = {
    "frequency_penalty": 0,
    "logit_bias": {},
    "logprobs": False,
    "metadata": {},
    "modalities": ["text"],
    "n": 1,
    "parallel_tool_calls": True,
    "presence_penalty": 0,
    "response_format": {"type": "text"},
    "service_tier": "auto",
    "store": False,
    "tools": [],
    "top_logprobs": 0,
}


def supported_parameters(call: Call, names: Collection[str]) -> dict[str, Any]:
    """The parameters of `call` that its backend knows; any other one that asks for something goes to `call.drop`.

    Args:
        call: the call on its way to the backend.
        names: the top-level fields that the backend, or the gateway for it, understands.

    Returns:
        The known fields that are not null.

    Raises:
        InvalidRequest: a parameter would be dropped and the call is strict.
    """
    known = {}
    for name, value in call.fields.items():
        if value is None:
            continue
        if name in names:
            known[name] = value
        elif name not in _ASKS_FOR_NOTHING or value != _ASKS_FOR_NOTHING[name]:
            call.drop(name)
    return known


def drop_ignored(call: Call, names: AbstractSet[str]) -> None:
    """Name those of some parameters that ask for something, for a backend that gets them and ignores them.

    Args:
        call: the call on its way to the backend.
        names: the top-level fields that the backend ignores.

    Raises:
        InvalidRequest: there is one and the call is strict.
    """
    for name in sorted(names & call.fields.keys()):
        value = call.fields[name]
        if value is not None and (name not in _ASKS_FOR_NOTHING or value != _ASKS_FOR_NOTHING[name]):
            call.drop(name)


def refuse_other_shapes(call: Call) -> None:
    """Refuse what a backend of another family has no counterpart for, where dropping it would change the answer.

    Raises:
        InvalidRequest: several choices, OpenAI's functions of old, or an answer in sound.
    """
    if call.choices > 1:
        raise unsupported("n", f"gives one choice, but got {call.choices}", "Send 1 and ask several times.")
    if call.fields.get("functions"):
        raise unsupported("functions", "knows tools only", "Send 'tools' instead.")
    if "audio" in (call.fields.get("modalities") or ()):
        raise unsupported("modalities", "answers in text only", 'Send ["text"], or ask another model.')


def unsupported(param: str, what: str, fix: str) -> InvalidRequest:
    """The refusal of what would change the answer's meaning if it were dropped.

    Args:
        param: path of the field.
        what: what the backend cannot do, as in "gives one choice".
        fix: what to send instead.
    """
    return InvalidRequest(
        f"Invalid value for '{shorten(param)}': this model's backend {what}. {fix}", param=param, code="invalid_value"
    )
