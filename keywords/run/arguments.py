"""Arguments that a row writes as one cell: fields of a request, headers, settings, numbers, words.

Robot reads the types of this module from a keyword's signature and calls the converter of each in `CONVERTERS`; a
library takes them by `@library(converters=CONVERTERS)`. A type checker sees the converted types.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    Fields: TypeAlias = Mapping[str, Any] | None
    Headers: TypeAlias = Mapping[str, str] | None
    Labels: TypeAlias = Mapping[str, str] | None
    Settings: TypeAlias = Mapping[str, int | float] | None
    Numbers: TypeAlias = Sequence[int | float] | None
    Words: TypeAlias = Sequence[str] | None
else:
    # Robot loses a converter's message in a union with None, and after a failure it tries the type of the default.
    # Therefore each type is a plain class without instances, and the default of such an argument is None.
    class Fields:
        """Fields of a request, as JSON."""

    class Headers:
        """Headers of a request or an answer."""

    class Labels:
        """Labels of a metric."""

    class Settings:
        """Named numbers of a table in a configuration."""

    class Numbers:
        """Numbers in their order."""

    class Words:
        """Words in their order."""


def fields(value: str | Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a request: a JSON object such as `{"n": 2, "stop": ["END"]}`, or a dictionary.

    Raises:
        ValueError: the text is no JSON object.
    """
    if not isinstance(value, str):
        return dict(value)
    expected = f'expected a JSON object such as {{"n": 2}}, got {value!r}'
    try:
        parsed = json.loads(value)
    except ValueError as error:
        raise ValueError(f"{expected}: {error}") from error
    if not isinstance(parsed, dict):
        raise ValueError(expected)  # noqa: TRY004 - Robot shows a ValueError as a bad argument
    return parsed


def headers(value: str | Mapping[str, str]) -> dict[str, str]:
    r"""Headers: `Name: value`, several of them with `\n` between, or a dictionary.

    Raises:
        ValueError: a line has no colon, or a name comes twice.
    """
    if not isinstance(value, str):
        return {name: str(content) for name, content in value.items()}
    return _unique([header(line) for line in value.splitlines()], "header")


def labels(value: str | Mapping[str, str]) -> dict[str, str]:
    """Labels of a metric: `name=value`, several of them with spaces between, or a dictionary.

    Raises:
        ValueError: a label is not of that form, or a name comes twice.
    """
    if not isinstance(value, str):
        return {name: str(content) for name, content in value.items()}
    return _unique(_pairs(value, "name=value"), "label")


def settings(value: str | Mapping[str, Any]) -> dict[str, int | float]:
    """Settings: `name=number`, several of them with spaces between (`attempts=3 base_s=0.01`), or a dictionary.

    Raises:
        ValueError: a setting is not of that form, its value is no number, or a name comes twice.
    """
    if not isinstance(value, str):
        return {name: _number(content, f"the value of {name}") for name, content in value.items()}
    pairs = [(name, _number(number, f"the value of {name}")) for name, number in _pairs(value, "name=number")]
    return _unique(pairs, "setting")


def numbers(value: str | Sequence[Any]) -> list[int | float]:
    """Numbers with spaces between (`3 1`), or a list.

    Raises:
        ValueError: an item is no number.
    """
    items = value.split() if isinstance(value, str) else value
    return [_number(item, f"item {place}") for place, item in enumerate(items, start=1)]


def words(value: str | Sequence[str]) -> list[str]:
    """Words with spaces between (`stop length`), or a list; an empty text holds none."""
    return value.split() if isinstance(value, str) else list(value)


def header(text: str) -> tuple[str, str]:
    """Name and value of one header.

    Raises:
        ValueError: it has no colon, or no name before it.
    """
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise ValueError(f"A header must read 'Name: value', not {text!r}")
    return name, value.removeprefix(" ")


def without_none(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}


def json_or_text(value: object) -> object:
    """The value of a text that is JSON; any other text or value unchanged."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


CONVERTERS: dict[Any, Callable[..., object]] = {
    Fields: fields,
    Headers: headers,
    Labels: labels,
    Settings: settings,
    Numbers: numbers,
    Words: words,
}


def _pairs(text: str, form: str) -> list[tuple[str, str]]:
    """Names and values of a text's words.

    Raises:
        ValueError: a word is not of that form.
    """
    pairs = []
    for word in text.split():
        name, equals, value = word.partition("=")
        if not name or not equals:
            raise ValueError(f"expected {form}, several with spaces between, got {word!r}")
        pairs.append((name, value))
    return pairs


def _number(value: object, what: str) -> int | float:
    """A finite number; a text without a point or an exponent gives an int."""
    for convert in (int, float):
        try:
            number: int | float = value if isinstance(value, int | float) else convert(str(value))
        except ValueError:
            continue
        if math.isfinite(number):
            return number
    raise ValueError(f"expected {what} to be a number, got {value!r}")


def _unique(pairs: list[tuple[str, Any]], what: str) -> dict[str, Any]:
    """The pairs by their names.

    Raises:
        ValueError: a name comes twice.
    """
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in values:
            raise ValueError(f"expected each {what} once, got {name!r} twice")
        values[name] = value
    return values
