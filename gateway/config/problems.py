"""Problems of a configuration: place, cause and remedy."""

from __future__ import annotations

import os
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    FieldsAt = Callable[[tuple[int | str, ...]], Iterable[str]]

_KIND_INDEX = 2
# Remedies that are shown in place of a pattern.
_FORMAT_FIXES = {"otel.endpoint": "write it as http://host:4318, without a key or a query"}


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem.

    Attributes:
        where: a path in the TOML file such as `server.port`, the name of an environment variable, or a file.
        what: the cause.
        fix: the remedy.
    """

    where: str
    what: str
    fix: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}; {self.fix}"


class ConfigError(Exception):
    """The configuration cannot be used.

    Attributes:
        problems: all problems, at least one.
    """

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def unknown_name(name: str, known: Iterable[str], otherwise: str) -> str:
    """The remedy for an unknown name: the most similar known one, or all of them."""
    names = sorted(known)
    near = get_close_matches(name, names, n=1)
    if near:
        return f"did you mean '{near[0]}'?"
    return f"use one of {', '.join(names)}, {otherwise}" if names else otherwise


def problems_of(
    error: ValidationError, fields_at: FieldsAt, env_prefix: str = "", kinds: Iterable[str] = ()
) -> list[Problem]:
    """Translate pydantic's errors to problems.

    Args:
        error: from validating the configuration.
        fields_at: gives the known keys of the table at a path.
        env_prefix: prefix of the variables that override the file, to name the right source.
        kinds: the kinds of backends, for a backend without one.
    """
    return [_problem(details, fields_at, env_prefix, kinds) for details in error.errors(include_url=False)]


def wrong_types(error: ValidationError, fields_at: FieldsAt) -> list[Problem]:
    """Translate the errors about types of values in a file to problems."""
    details = error.errors(include_url=False)
    return [_problem(one, fields_at) for one in details if one["type"].endswith("_type")]


def _problem(  # noqa: C901, PLR0911  # one line per kind of error
    details: ErrorDetails, fields_at: FieldsAt, env_prefix: str = "", kinds: Iterable[str] = ()
) -> Problem:
    # Pydantic adds the kind of a backend and `[key]` to the path.
    path = tuple(
        part
        for index, part in enumerate(details["loc"])
        if part != "[key]" and not (index == _KIND_INDEX and details["loc"][0] == "backends")
    )
    where = _where(path, env_prefix)
    context: dict[str, Any] = details.get("ctx", {})
    match details["type"]:
        case "extra_forbidden":
            return Problem(
                where, "is no setting", unknown_name(str(path[-1]), fields_at(details["loc"]), "or remove it")
            )
        case "missing":
            return Problem(where, "is missing", "add it")
        case "union_tag_not_found":
            *others, last = (f'"{kind}"' for kind in kinds)
            return Problem(f"{where}.kind", "is missing", f"add kind = {', '.join(others)} or {last}")
        case "union_tag_invalid":
            fix = unknown_name(context["tag"], kinds, "as its kind")
            fix += ' (any OpenAI-compatible server is of kind "openai")'
            return Problem(f"{where}.kind", f"'{context['tag']}' is no kind of backend", fix)
        case "string_pattern_mismatch":
            is_name = details["loc"][-1] == "[key]"
            what = (
                "is a name that a response header cannot carry" if is_name else "is not of the form that it must have"
            )
            return Problem(where, what, _FORMAT_FIXES.get(where, f"let it match {context['pattern']}"))
        case "model_type":
            return Problem(where, "is no table", "write it as { key = value }")
        case "list_type" | "tuple_type":
            return Problem(where, "is no list", "write it in [ ]")
        case "int_type" | "float_type" | "bool_type" as kind if isinstance(details["input"], str):
            fix = "write true or false, without quotes" if kind == "bool_type" else "write it without quotes"
            return Problem(where, details["msg"].replace("Input", "input"), fix)
        case "too_short" | "string_too_short":
            return Problem(where, "is empty", "add at least one entry")
    what, _, fix = details["msg"].partition("; ")
    if fix:
        return Problem(where, what, fix)
    # Only numbers and booleans are shown: a string might be a key.
    value = details["input"]
    shown = f", not {value!r}" if isinstance(value, int | float) or str(value).isdigit() else ""
    return Problem(where, what[:1].lower() + what[1:] + shown, "change the value")


def _where(path: tuple[int | str, ...], env_prefix: str) -> str:
    """The path as TOML writes it, or the environment variable that set the value."""
    variable = env_prefix + "__".join(map(str, path)).upper()
    if any(name.upper() == variable for name in os.environ):
        return f"environment variable {variable}"
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            bare = part.replace("-", "").replace("_", "").isalnum() and part.isascii()
            text += f".{part}" if bare else f'."{part}"'
    return text.removeprefix(".")
