"""Translates pydantic's first error about a request to OpenAI's error: code, param, message with the remedy.

The codes; *seen* ones were captured from OpenAI's own service, for the others its answer is unknown:
`invalid_type`, `empty_array` (seen), `integer_below_min_value` (seen), `integer_above_max_value` (seen),
`decimal_below_min_value`, `decimal_above_max_value`, `array_above_max_length`, `empty_string`,
`missing_required_parameter`, `ambiguous_key` and `invalid_value`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from gateway.errors.base import InvalidRequest, shorten

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from gateway.formats.schema import OpenModel

_EXPECTED = {
    "string_type": "a string",
    "int_type": "an integer",
    "float_type": "a number",
    "bool_type": "a boolean",
    "list_type": "an array",
    "dict_type": "an object",
    "model_type": "an object",
}
# The fields that take a string or another type.
_EXPECTED_OF_UNION = {
    "content": "a string or an array of content parts",
    "stop": "a string or an array of 1 to 4 strings",
    "system": "a string or an array of text blocks",
    "tool_choice": "a string or an object",
    "function_call": "a string or an object",
    "prompt": "a string, an array of strings, or token ids",
    "input": "a string, an array of strings, or token ids",
}
_EXAMPLES = {
    "model": '"model": "<an id from GET /v1/models>"',
    "messages": '"messages": [{"role": "user", "content": "Hello"}]',
    "content": '"content": "Hello"',
    "prompt": '"prompt": "Once upon a time"',
    "input": '"input": "What is to be found"',
    "temperature": '"temperature": 0.7',
    "max_tokens": '"max_tokens": 100',
    "stream": '"stream": true',
    "stop": '"stop": ["\\n"]',
    "text": '"text": "Hello"',
    "url": '"url": "https://example.org/cat.png"',
    "name": '"name": "get_weather"',
    "arguments": '"arguments": "{}"',
    "input_schema": '"input_schema": {"type": "object"}',
}


def check(fields: dict[str, Any], request: type[OpenModel]) -> None:
    """Validate a parsed request body.

    Args:
        fields: the JSON object as orjson parsed it; it is not changed.
        request: the model of the request.

    Raises:
        InvalidRequest: 400 with OpenAI's code and the path of the first invalid field.
    """
    try:
        request.model_validate(fields)
    except ValidationError as error:
        raise invalid_request(error.errors(include_url=False)[0], request) from None


def invalid_request(error: ErrorDetails, request: type[OpenModel]) -> InvalidRequest:
    """The 400 for one pydantic error.

    Args:
        error: the error as pydantic describes it.
        request: the model of the request.
    """
    kind: str = error["type"]
    context: dict[str, Any] = error.get("ctx", {})
    keys = tuple(part for part in error["loc"] if not _is_tag(part))
    if "field" in context:
        keys = (*keys, context["field"])
    param = _path(keys)
    last = str(keys[-1]) if keys else ""
    value = error["input"]
    if kind == "missing" or (kind == "missing_field" and context["field"] not in value):
        return _missing(param, last)
    if kind == "missing_field":
        return _wrong_type(param, last, context["expected"], None)
    if kind == "union_tag_not_found":
        return _wrong_type(param, last, _EXPECTED_OF_UNION[last], value)
    if kind in _EXPECTED:
        return _wrong_type(param, last, _EXPECTED[kind], value)
    if kind == "invalid_pair":
        return InvalidRequest(f"'{param}' {context['why']}", param=param, code=context["code"])
    field = request.model_fields.get(last) if len(keys) == 1 else None
    return _out_of_bounds(kind, context, param, value, optional=field is not None and not field.is_required())


def _missing(param: str, last: str) -> InvalidRequest:
    code = "missing_required_parameter"
    if param == "model":
        return InvalidRequest(f"You must provide a model parameter. Send {_EXAMPLES[last]}.", param=param, code=code)
    add = f"Add e.g. {_EXAMPLES[last]}" if last in _EXAMPLES else "Add it"
    return InvalidRequest(f"Missing required parameter: '{param}'. {add}.", param=param, code=code)


def _wrong_type(param: str, last: str, expected: str, value: Any) -> InvalidRequest:
    return InvalidRequest(
        f"Invalid type for '{param}': expected {expected}, but got {_type_name(value)} instead. "
        f"Send {f'e.g. {_EXAMPLES[last]}' if last in _EXAMPLES else expected}.",
        param=param,
        code="invalid_type",
    )


def _out_of_bounds(kind: str, context: dict[str, Any], param: str, value: Any, *, optional: bool) -> InvalidRequest:
    """The error of a value of the right type."""
    number = (
        "integer" if isinstance(value, int) and isinstance(context.get("ge", context.get("le")), int) else "decimal"
    )
    match kind:
        case "greater_than_equal":
            code, expected = f"{number}_below_min_value", f"a value >= {_number(context['ge'])}, but got {value}"
        case "less_than_equal":
            code, expected = f"{number}_above_max_value", f"a value <= {_number(context['le'])}, but got {value}"
        case "too_short":
            code, expected = "empty_array", "an array with at least 1 item, but got an empty array"
        case "too_long":
            limit, length = context["max_length"], context["actual_length"]
            code, expected = "array_above_max_length", f"an array with at most {limit} items, but got {length}"
        case "string_too_short":
            code, expected = "empty_string", "a string with at least 1 character, but got an empty string"
        case "literal_error":
            code, expected = "invalid_value", f"one of {context['expected']}, but got '{shorten(str(value))}'"
        case "extra_forbidden":
            code, expected = "unknown_parameter", "a key that /openapi.json knows there"
        case _:
            code, expected = "invalid_value", f"another value ({kind})"
    return InvalidRequest(
        f"Invalid value for '{param}': expected {expected}. Change it{', or leave it out' if optional else ''}.",
        param=param,
        code=code,
    )


def _is_tag(part: int | str) -> bool:
    """Whether a part of pydantic's path is the tag of a union's member, not a key of the request."""
    return isinstance(part, str) and part.startswith("<") and part.endswith(">")


def _path(keys: tuple[int | str, ...]) -> str:
    """The path as text, such as `messages[0].content`."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{shorten(key)}" for key in keys)
    return text.removeprefix(".")


def _number(bound: float) -> str:
    return f"{bound:g}" if isinstance(bound, float) else str(bound)


def _type_name(value: Any) -> str:
    """JSON's name for the type of `value`, with its article."""
    if value is None:
        return "null"
    names = {bool: "a boolean", int: "an integer", float: "a decimal", str: "a string", list: "an array"}
    return names.get(type(value), "an object")
