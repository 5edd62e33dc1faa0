"""Fields of whatever a keyword returned, found by a path and compared by their type."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Sized
from dataclasses import fields, is_dataclass

from assertionengine import AssertionOperator
from robot.api.deco import keyword, library

from keywords.run.arguments import json_or_text
from keywords.run.assertions import shown, verify

_STEP = re.compile(r"\.?(?P<name>[^.\[\]]+)|\[(?P<key>[^\[\]]+)\]")
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")


@library(scope="GLOBAL", doc_format="MARKDOWN")
class FieldsLibrary:
    """Compare a field or a number of anything, with a message that names it.

    A row needs no `Should Be Equal`, whose message does not say what it compared.

    ```robotframework
    ${entry} =    Get Ledger Entry    ${LEDGER}    ${answer}
    Get Field    ${entry}    completion_tokens    ==    5
    Get Field    ${entry}    attempts[0].outcome    ==    failed
    Get Number Of    attempts    ${entry.attempts}    ==    1
    ```
    """

    @keyword
    def get_field(
        self,
        thing: object,
        path: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: object = None,
        message: str | None = None,
    ) -> object:
        """A field of anything that a keyword returned.

        Args:
            thing: an object, a dictionary or a list.
            path: names with points between, and places or names in brackets: `attempts[0].status`,
                `attributes[gen_ai.usage.input_tokens]`, `[-1].path`.
            assertion_operator: how to compare.
            assertion_expected: where the field is a text, a text; otherwise a text that is JSON is taken as JSON:
                `200`, `false`, `null`.
            message: replaces the usual message.

        Raises:
            AssertionError: there is no such field, or the comparison failed.
            ValueError: the path cannot be read.

        ```robotframework
        ${recorded} =    Get Recorded Requests    ${BACKEND}
        Get Field    ${recorded}    [-1].path    ==    /v1/chat/completions
        ```
        """
        value = field_at(thing, path)
        name = name_of(thing)
        label = f"{path} of the {name}" if name else path
        return verify_field(value, assertion_operator, assertion_expected, label, message)

    @keyword
    def get_number_of(
        self,
        what: str,
        items: object,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """The number of items of a list, of characters of a text, or of bytes.

        Args:
            what: names them in the message.
            items: a list, a dictionary, a text or bytes.
            assertion_operator: how to compare.
            assertion_expected: a number.
            message: replaces the usual message.

        Raises:
            AssertionError: the comparison failed.
            TypeError: they cannot be counted.

        ```robotframework
        ${stream} =    Stream Chat    Hello.
        Get Number Of    pieces of text    ${stream.pieces}    >    1
        ```
        """
        if not isinstance(items, Sized):
            raise TypeError(f"{what} cannot be counted: expected a list, a text or bytes, got {items!r}")
        details = f"they are {shown(items)}"
        return verify(len(items), assertion_operator, assertion_expected, f"Number of {what}", message, details)


def verify_field(
    value: object, operator: AssertionOperator | None, expected: object, label: str, message: str | None
) -> object:
    """Compare a field; expected is taken as JSON unless the field is a text.

    Raises:
        AssertionError: the comparison failed.
    """
    wanted = expected if isinstance(value, str) and isinstance(expected, str) else json_or_text(expected)
    return verify(value, operator, wanted, label, message)


def field_at(thing: object, path: str, name: str = "") -> object:
    """The field at a path.

    Args:
        thing: an object, a dictionary or a list.
        path: as for [Get Field].
        name: what the message calls the thing; by its class if left out.

    Raises:
        AssertionError: there is none; the message says what is there instead.
        ValueError: the path cannot be read.
    """
    value, walked = thing, ""
    for step, text in _steps(path):
        found, next_value = _child(value, step)
        if not found:
            raise AssertionError(f"{_lacks(thing, name)} no {path}{_what_is_there(value, walked)}")
        value, walked = next_value, walked + text
    return value


def name_of(thing: object) -> str:
    """What a message calls a thing: the words of its class; empty for dictionaries and lists of them."""
    if isinstance(thing, list | tuple) and thing and name_of(thing[0]):
        return re.sub(r"y$", "ie", name_of(thing[0])) + "s"
    if isinstance(thing, Mapping | list | tuple | str | bytes) or thing is None:
        return ""
    return " ".join(_CAPITAL.split(type(thing).__name__)).lower()


def _steps(path: str) -> list[tuple[str, str]]:
    """The steps of a path, and how each is written.

    Raises:
        ValueError: the path cannot be read.
    """
    steps, place = [], 0
    while place < len(path):
        step = _STEP.match(path, place)
        if step is None or (place == 0 and path.startswith(".")):
            break
        steps.append((step["name"] or step["key"], step[0]))
        place = step.end()
    if not path or place < len(path):
        raise ValueError(f"{path!r} is no path of a field; write it as attempts[0].status or attributes[a.b]")
    return steps


def _child(value: object, step: str) -> tuple[bool, object]:
    """Whether a value has a field, and the field."""
    if isinstance(value, Mapping):
        return (step in value), value.get(step)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        number = int(step) if step.removeprefix("-").isdecimal() else None
        inside = number is not None and -len(value) <= number < len(value)
        return inside, value[number] if inside and number is not None else None
    attribute = None if step.startswith("_") else getattr(value, step, None)
    return (step in _names(value)), attribute


def _names(value: object) -> list[str]:
    """The names of an object's public fields and properties."""
    if value is None or isinstance(value, str | bytes | int | float):
        return []
    own = [each.name for each in fields(value)] if is_dataclass(value) else list(getattr(value, "__dict__", ()))
    properties = [name for name, kind in vars(type(value)).items() if isinstance(kind, property)]
    return [name for name in [*own, *properties] if not name.startswith("_")]


def _lacks(thing: object, name: str) -> str:
    if name.startswith("the "):
        return f"{name.capitalize()} has"
    words = name or name_of(thing) or _kind(thing)
    return f"The {words} {'have' if words.endswith('s') else 'has'}"


def _kind(thing: object) -> str:
    if isinstance(thing, str | bytes):
        return "text"
    return "fields" if isinstance(thing, Mapping) else "list" if isinstance(thing, Sequence) else "value"


def _what_is_there(value: object, walked: str) -> str:
    """The end of the sentence about a missing field."""
    if isinstance(value, Mapping) or _names(value):
        names = ", ".join(map(str, value)) if isinstance(value, Mapping) else ", ".join(_names(value))
        return f": {walked} has only {names}" if walked else f", only {names or 'none'}"
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        if not walked:
            return f": there are {len(value)}" if name_of(value) else f": it has {_items(value)}"
        return f": {walked} has {_items(value)}"
    return f": {walked or 'it'} is {shown(value)}"


def _items(values: Sequence[object]) -> str:
    return "1 item" if len(values) == 1 else f"{len(values)} items"
