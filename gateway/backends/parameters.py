"""Parameters that a backend does not support: dropped and named in a header, or refused; never renamed in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.errors.base import UnsupportedByBackend, shorten

if TYPE_CHECKING:
    from collections.abc import Collection

    from gateway.backends.base import Call

# The default of every backend: a parameter with this value is dropped without being named.
_DEFAULTS: dict[str, Any] = {
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
    """The parameters of `call` that its backend supports; drop every other one that is not a default.

    Args:
        call: the call on its way to the backend.
        names: the top-level fields that the backend, or the gateway for it, supports.

    Returns:
        The supported fields that are not null.

    Raises:
        InvalidRequest: a parameter would be dropped and the call is strict.
    """
    supported = {}
    for name, value in call.fields.items():
        if value is None:
            continue
        if name in names:
            supported[name] = value
        elif name not in _DEFAULTS or value != _DEFAULTS[name]:
            call.drop(name)
    return supported


def refuse_openai_only(call: Call) -> None:
    """Refuse what only OpenAI's format has, where dropping it would change the answer.

    Raises:
        InvalidRequest: several choices, the deprecated functions, an audio answer, or an earlier one by its id.
    """
    if call.choices > 1:
        raise unsupported("n", f"gives one choice, but got {call.choices}", "Send 1 and ask several times.")
    if call.fields.get("functions"):
        raise unsupported("functions", "knows tools only", "Send 'tools' instead.")
    if "audio" in (call.fields.get("modalities") or ()):
        raise unsupported("modalities", "answers in text only", 'Send ["text"], or ask another model.')
    for index, message in enumerate(call.fields["messages"]):
        if message.get("audio") and message.get("content") is None:
            raise unsupported(f"messages[{index}].audio", "has no spoken answers", "Send its words as 'content'.")


def refusal_as_content(message: dict[str, Any]) -> dict[str, Any]:
    """The message; what an assistant said in `refusal` alone becomes its `content`."""
    if message.get("refusal") and message.get("content") is None:
        return {**message, "content": message["refusal"], "refusal": None}
    return message


def stop_texts(call: Call) -> list[str]:
    """The texts that end the answer; an empty one is none (OpenAI's service takes it so)."""
    stops = call.fields.get("stop") or []
    return [stop for stop in ([stops] if isinstance(stops, str) else stops) if stop]


def unsupported(param: str, what: str, fix: str) -> UnsupportedByBackend:
    """The error for a parameter that cannot be dropped without changing the answer's meaning.

    Args:
        param: path of the field.
        what: the backend's restriction, such as "gives one choice".
        fix: what to send instead.
    """
    return UnsupportedByBackend(
        f"Invalid value for '{shorten(param)}': this model's backend {what}. {fix}", param=param, code="invalid_value"
    )
