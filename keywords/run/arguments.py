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
        ValueError: the text is no JSON object, a name comes twice in an object, or a number is not finite.
    """
    expected = f'expected a JSON object such as {{"n": 2}}, got {value!r}'
    try:
        text = value if isinstance(value, str) else json.dumps(value, default=str)
        parsed = json.loads(text, object_pairs_hook=_json_object, parse_float=_json_number, parse_constant=_json_number)
    except ValueError as error:
        raise ValueError(f"{expected}: {error}") from error
    if not isinstance(parsed, dict):
        raise ValueError(expected)  # noqa: TRY004 - Robot shows a ValueError as a bad argument
    return parsed if isinstance(value, str) else dict(value)


def headers(value: str | Mapping[str, str]) -> dict[str, str]:
    r"""Headers: `Name: value`, several of them with `\n` between, or a dictionary.

    Raises:
        ValueError: the text is empty, a line has no colon or no name, a value is None, or a name comes twice; names are
            equal whatever their case.
    """
    if isinstance(value, str):
        pairs = [header(line) for line in _not_empty(value, "Name: value").splitlines()]
    else:
        pairs = _texts(value)
    return _unique(pairs, "header", str.lower)


def labels(value: str | Mapping[str, str]) -> dict[str, str]:
    """Labels of a metric: `name=value`, several of them with spaces between, or a dictionary.

    Raises:
        ValueError: the text is empty, a label is not of that form, a value is None, or a name comes twice.
    """
    return _unique(_pairs(value, "name=value") if isinstance(value, str) else _texts(value), "label")


def settings(value: str | Mapping[str, Any]) -> dict[str, int | float]:
    """Settings: `name=number`, several of them with spaces between (`attempts=3 base_s=0.01`), or a dictionary.

    Raises:
        ValueError: the text is empty, a setting is not of that form, its value is no number, or a name comes twice.
    """
    pairs = _pairs(value, "name=number") if isinstance(value, str) else _named(value)
    return _unique([(name, _number(number, f"the value of {name}")) for name, number in pairs], "setting")


def numbers(value: str | Sequence[Any]) -> list[int | float]:
    """Numbers with spaces between (`3 1`), or a list.

    Raises:
        ValueError: the text is empty, or an item is no number.
    """
    items = _not_empty(value, "numbers").split() if isinstance(value, str) else value
    return [_number(item, f"item {place}") for place, item in enumerate(items, start=1)]


def words(value: str | Sequence[str]) -> list[str]:
    """Words with spaces between (`stop length`), or a list.

    Raises:
        ValueError: the text is empty, or an item of the list is no text.
    """
    if isinstance(value, str):
        return _not_empty(value, "words").split()
    for place, item in enumerate(value, start=1):
        if not isinstance(item, str):
            raise ValueError(f"expected item {place} to be a text, got {item!r}")  # noqa: TRY004 - as above
    return list(value)


def header(text: str) -> tuple[str, str]:
    """Name and value of one header; the name without spaces around it.

    Raises:
        ValueError: it has no colon, or no name before it.
    """
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise ValueError(f"A header must read 'Name: value', not {text!r}")
    return name.strip(), value.removeprefix(" ")


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
        ValueError: there is no word, or one is not of that form.
    """
    pairs = []
    for word in _not_empty(text, form).split():
        name, equals, value = word.partition("=")
        if not name or not equals:
            raise ValueError(f"expected {form}, several with spaces between, got {word!r}")
        pairs.append((name, value))
    return pairs


def _not_empty(text: str, form: str) -> str:
    """The text.

    Raises:
        ValueError: it is empty; for no value a row leaves the argument out.
    """
    if not text.strip():
        raise ValueError(f"expected {form}, got {text!r}; for none, leave the argument out")
    return text


def _named(values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Names, without spaces around them, and values of a dictionary.

    Raises:
        ValueError: a name is empty or no text.
    """
    for name in values:
        if not isinstance(name, str) or not name.strip():
            raise ValueError(f"expected each name to be a text that is not empty, got {name!r}")
    return [(name.strip(), value) for name, value in values.items()]


def _texts(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Names and values of a dictionary, the values as texts.

    Raises:
        ValueError: a name is empty or no text, or a value is None.
    """
    for name, value in values.items():
        if value is None:
            raise ValueError(f"expected the value of {name} to be a text or a number, got None")
    return [(name, str(value)) for name, value in _named(values)]


def _json_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return _unique(pairs, "name of an object")


def _json_number(text: str) -> float:
    return float(_number(text, "a value"))


def _number(value: object, what: str) -> int | float:
    """A finite number; a text without a point or an exponent gives an int.

    Raises:
        ValueError: it is no number, or none that a float can hold.
    """
    # Python also takes digits of other scripts and `1_000`, which a reader takes for something else.
    foreign = isinstance(value, str) and (not value.isascii() or "_" in value)
    for convert in () if foreign or isinstance(value, bool) else (int, float):
        try:
            number: int | float = value if isinstance(value, int | float) else convert(str(value))
            if math.isfinite(number):
                return number
        except (ValueError, OverflowError):
            continue
    raise ValueError(f"expected {what} to be a number, got {value!r}")


def _unique(
    pairs: list[tuple[str, Any]], what: str, identity: Callable[[str], str] = lambda name: name
) -> dict[str, Any]:
    """The pairs by their names.

    Args:
        pairs: names and values.
        what: what each pair is, for the message.
        identity: gives the same text for names that are equal.

    Raises:
        ValueError: a name comes twice.
    """
    values: dict[str, Any] = {}
    known: set[str] = set()
    for name, value in pairs:
        if identity(name) in known:
            raise ValueError(f"expected each {what} once, got {name!r} twice")
        known.add(identity(name))
        values[name] = value
    return values
