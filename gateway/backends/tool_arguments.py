"""The arguments of a tool call: text in OpenAI's format, an object in others."""

from __future__ import annotations

from typing import Any

import orjson

from gateway.backends.parameters import unsupported
from gateway.text.nesting import MOST_LEVELS, nests_deeper
from gateway.text.numbers import exact_fields


def arguments_of(call: dict[str, Any], at: str) -> dict[str, Any]:
    """The arguments of the tool call at the path `at` as an object.

    Raises:
        InvalidRequest: no function call, no JSON object, or nested too deep to be written.
    """
    if call["type"] != "function":
        raise unsupported(
            f"{at}.type", "knows no calls but those of functions", 'Send "function", or ask another model.'
        )
    text = call["function"]["arguments"]
    try:
        arguments = orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        arguments = None
    if not isinstance(arguments, dict):
        raise unsupported(f"{at}.function.arguments", "takes a JSON object as a string", "Change it.")
    if text.count("[") + text.count("{") > MOST_LEVELS and nests_deeper(arguments, MOST_LEVELS):
        raise unsupported(f"{at}.function.arguments", f"takes at most {MOST_LEVELS} levels", "Send a flatter object.")
    # As deep as `load` can read, so parse again only now.
    return exact_fields(text.encode(), arguments)
