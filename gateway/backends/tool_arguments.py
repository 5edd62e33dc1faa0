"""The arguments of a tool's call, which OpenAI writes as text, and other formats as an object."""

from __future__ import annotations

from typing import Any

import orjson

from gateway.backends.parameters import unsupported
from gateway.text.nesting import MOST_LEVELS, nests_deeper


def arguments_of(call: dict[str, Any], at: str) -> dict[str, Any]:
    """The arguments of the call at the path `at` as an object.

    Raises:
        InvalidRequest: it is no function's call, or they are no JSON object, or nest too deep to be written.
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
    return arguments
