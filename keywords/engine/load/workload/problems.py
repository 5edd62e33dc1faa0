"""Sentences about the wrong fields of a workload file: file, line, field and remedy."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, get_args

from keywords.engine.load.workload.distributions import Part
from keywords.engine.load.workload.schema import Workload

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pydantic_core import ErrorDetails

    from keywords.engine.load.workload.yaml_lines import YamlText

_SHOWN: Final = 60
"""Characters of a value that a message bears."""
_PLAIN: Final = {
    "a valid string": "a text",
    "a valid integer": "a whole number",
    "a valid number": "a number",
    "a valid boolean": "true or false",
    "a valid tuple": "a list",
    "a valid dictionary": "a mapping of fields",
    " after validation, not 0": "",
}


def describe_problems(path: Path, yaml: YamlText, errors: Sequence[ErrorDetails]) -> list[str]:
    """One sentence about each wrong field.

    Args:
        path: the file.
        yaml: its content.
        errors: what pydantic found.
    """
    # pydantic calls a list too short if none of its items is valid, which their own errors say.
    own = [error for error in errors if not (error["type"] == "too_short" and error["input"])]
    found = sorted((yaml.line(error["loc"]), _sentence(yaml, error)) for error in own)
    return [f"{path}:{line}: {sentence}" for line, sentence in found]


def _sentence(yaml: YamlText, error: ErrorDetails) -> str:
    places = yaml.names(error["loc"])
    last = str(error["loc"][-1]) if error["loc"] else ""
    if error["type"] == "missing":
        return f"{_joined([*places, last])} is missing; add it"
    where = _joined(places) or "the workload"
    if error["type"] == "extra_forbidden":
        return f"{where} is no field of a workload; {_meant(last, _fields_beside(error['loc']))}"
    if error["type"] == "value_error":
        return f"{where}: {error['ctx']['error']}"
    if error["type"] == "distribution":
        return f"{where}: {error['msg']}"
    wanted = error["msg"].partition(" should ")[2] or error["msg"]
    for technical, plain in _PLAIN.items():
        wanted = wanted.replace(technical, plain)
    return f"{where} is {_shown(error['input'])}; it should {wanted}"


def _joined(places: Sequence[str | int]) -> str:
    """The path of a field, such as `mix[0].prompts`."""
    return "".join(f"[{place}]" if isinstance(place, int) else f".{place}" for place in places).removeprefix(".")


def _meant(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else f"remove it, or use one of {', '.join(known)}"


def _fields_beside(places: Sequence[str | int]) -> list[str]:
    """The fields that may stand where a wrong one stands."""
    parts: list[type[Part]] = [Workload]
    for place in places[:-1]:
        inner = [
            part
            for outer in parts
            if place in outer.model_fields
            for part in _parts(outer.model_fields[str(place)].annotation)
        ]
        tagged = [part for part in parts if place in _distribution(part)]
        parts = inner or tagged or parts
    return list(dict.fromkeys(name for part in parts for name in part.model_fields))


def _parts(annotation: Any) -> Iterator[type[Part]]:
    if isinstance(annotation, type) and issubclass(annotation, Part):
        yield annotation
    for argument in get_args(annotation):
        yield from _parts(argument)


def _distribution(part: type[Part]) -> tuple[Any, ...]:
    """The name that chooses a distribution; empty for any other part."""
    field = part.model_fields.get("distribution")
    return get_args(field.annotation) if field else ()


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
