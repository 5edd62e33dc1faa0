"""The arguments of a tool call: text in OpenAI's format, an object in others."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import orjson

from gateway.backends.parameters import unsupported
from gateway.text.json_values import whole_characters
from gateway.text.nesting import MOST_LEVELS, nests_deeper
from gateway.text.numbers import WrittenNumber, exact_fields, load

if TYPE_CHECKING:
    from gateway.errors.base import GatewayError

INVALID = "INVALID_JSON"
"""The key under which Anthropic's documentation puts arguments that are no JSON object
(platform.claude.com/docs/en/agents-and-tools/tool-use/fine-grained-tool-streaming)."""


def arguments_of(call: dict[str, Any], at: str) -> dict[str, Any]:
    """The arguments of the tool call at the path `at` as an object.

    A model wrote them in an earlier answer: the client cannot mend them, and each further turn repeats them. So all of
    them are passed on: blank ones and `null` as an empty object, a number beyond floats, which most parsers refuse, as
    text, half a character as U+FFFD, and what is no object as text under `INVALID`.

    Raises:
        InvalidRequest: no function call, or arguments that nest too deep to be written.
    """
    if call["type"] != "function":
        raise unsupported(
            f"{at}.type", "knows no calls but those of functions", 'Send "function", or ask another model.'
        )
    text = call["function"]["arguments"]
    try:
        arguments = _parse(text)
    except RecursionError:
        raise _too_deep(at) from None
    except ValueError:
        arguments = {INVALID: text}
    if text.count("[") + text.count("{") > MOST_LEVELS and nests_deeper([arguments], MOST_LEVELS + 1):
        raise _too_deep(at)
    if arguments is None:
        return {}
    return arguments if isinstance(arguments, dict) else {INVALID: text}


def _parse(text: str) -> Any:
    """The value in a form that all parsers read; None if there is none.

    Raises:
        ValueError: it is no JSON.
        RecursionError: it nests too deep.
    """
    if not text.strip():
        return None
    try:
        return exact_fields(text.encode(), orjson.loads(text))
    except orjson.JSONDecodeError:
        return _readable(load(text))


def _readable(value: Any) -> Any:
    if isinstance(value, str):
        return whole_characters(value)
    if isinstance(value, dict):
        return {whole_characters(name): _readable(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_readable(item) for item in value]
    return value.text if isinstance(value, WrittenNumber) and math.isinf(value) else value


def _too_deep(at: str) -> GatewayError:
    return unsupported(f"{at}.function.arguments", f"takes at most {MOST_LEVELS} levels", "Send a flatter object.")
