"""Entries of the register's files: their common types, and what is said of an entry that breaks a rule."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StrictInt,
    ValidationError,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from keywords.traceability.register.yaml_file import RegisterError, lines_of_entries, read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pydantic_core import ErrorDetails

Kind = Literal["functional", "negative", "performance", "reliability", "security"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Role = Literal["gateway", "security", "operations", "evaluation", "quality"]
"""The roles of the test plan."""
RISK_MAX = 5
BANDS = ((20, "critical", "blocker"), (12, "high", "critical"), (6, "medium", "normal"), (1, "low", "minor"))
"""Lowest score of each band, its name, and Allure's severity for it."""


def problem(text: str) -> PydanticCustomError:
    """The error with which a validator says what is wrong with a field, and the remedy."""
    # Braces would be read as places for values.
    return PydanticCustomError("problem", "{text}", {"text": text})


def _check_text(value: Any) -> Any:
    if not isinstance(value, str) or not value.strip():
        raise problem(f"is {value!r}; write a text that is not empty")
    if half := re.search(r"[\ud800-\udfff]", value):
        raise problem(f"holds {half[0]!r}, half a character; write the whole one")
    return " ".join(value.split())


def _check_lines(value: Any) -> Any:
    _check_text(value)
    return value.rstrip("\n")


def _check_pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as err:
        raise problem(f"is {value!r}, no regular expression ({err}); correct it") from err
    return value


@dataclass(frozen=True, slots=True)
class IdRule:
    """The rule for an id, as an annotation of its type.

    Attributes:
        pattern: a regular expression for the whole id.
        remedy: what to write, with an example.
    """

    pattern: str
    remedy: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check the id before its type."""
        return core_schema.no_info_before_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """The rule for editors."""
        return {"type": "string", "pattern": f"^{self.pattern}$"}

    def _check(self, value: Any) -> Any:
        if isinstance(value, str) and re.fullmatch(self.pattern, value):
            return value
        raise problem(f"is {value!r}; {self.remedy}")


def _check_unique(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(set(values)) < len(values):
        raise problem("names one twice; remove one")
    return values


Text = Annotated[str, BeforeValidator(_check_text)]
"""A text in one paragraph; its white space does not count."""
Lines = Annotated[str, BeforeValidator(_check_lines)]
"""A text whose line ends count."""
Pattern = Annotated[str, BeforeValidator(_check_text), AfterValidator(_check_pattern)]
"""A regular expression that is searched in a row's message."""
Day = Annotated[date, Field(strict=True)]
RequirementId = Annotated[str, IdRule(r"[A-Z]+-[0-9]{3}", "write capitals, a hyphen and three digits, like CHAT-003")]
BugId = Annotated[str, IdRule(r"BUG-[0-9]{4}", "write BUG, a hyphen and four digits, like BUG-0042")]
Item = TypeVar("Item")
Unique = Annotated[tuple[Item, ...], AfterValidator(_check_unique)]


class Entry(BaseModel):
    """An entry of a register: unchangeable, without unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Risk(Entry):
    """A risk: how likely it is, and what it does.

    Attributes:
        likelihood: 1 to 5.
        impact: 1 to 5.
    """

    likelihood: StrictInt = Field(ge=1, le=RISK_MAX)
    impact: StrictInt = Field(ge=1, le=RISK_MAX)

    @property
    def score(self) -> int:
        """Likelihood times impact: 1 to 25."""
        return self.likelihood * self.impact

    @property
    def level(self) -> str:
        """The score in a word: `low` to 5, `medium` to 11, `high` to 19, `critical` above."""
        return next(level for lowest, level, _ in BANDS if self.score >= lowest)


def _check_risk(value: Any) -> Any:
    remedy = f"write {{likelihood: 1 to {RISK_MAX}, impact: 1 to {RISK_MAX}}}"
    if isinstance(value, Risk):
        return value
    if not isinstance(value, dict) or set(value) != {"likelihood", "impact"}:
        raise problem(f"is {value!r}; {remedy}")
    wrong = [name for name, number in value.items() if type(number) is not int or not 1 <= number <= RISK_MAX]
    if wrong:
        raise problem(f"has {wrong[0]} {value[wrong[0]]!r}; {remedy}")
    return value


RiskField = Annotated[Risk, BeforeValidator(_check_risk)]
SomeEntry = TypeVar("SomeEntry", bound=Entry)


def load_list(path: Path, model: type[SomeEntry], what: str, example: str) -> tuple[SomeEntry, ...]:
    """Read a file that is a list of entries.

    Args:
        path: the YAML file.
        model: what an entry is.
        what: the entries in a word, such as `requirements`.
        example: how an entry begins, such as `- id: CHAT-001 …`.

    Raises:
        RegisterError: the file is missing, is not YAML, or an entry breaks a rule; the error names all problems.
    """
    entries = read_yaml(path, f"write a list of {what}, field by field")
    if not isinstance(entries, list) or not entries:
        raise RegisterError([f"{path}: a register is a list of {what}; write each one as '{example}'"])
    return validate_list(path, entries, model)


def validate_list(
    path: Path, entries: Sequence[Any], model: type[SomeEntry], way: tuple[str, ...] = ()
) -> tuple[SomeEntry, ...]:
    """The entries of a list, if none breaks a rule and no id is used twice.

    Args:
        path: the file that holds them.
        entries: the plain data.
        model: what an entry is.
        way: the fields above the list in its file.

    Raises:
        RegisterError: with all problems.
    """
    problems: list[str] = []
    good: dict[str, SomeEntry] = {}
    for place, data in enumerate(entries):
        found, entry = _validate(data, model)
        id_ = str(data["id"]) if isinstance(data, dict) and "id" in data else f"entry {place + 1}"
        if entry is not None and id_ in good:
            found = [((), "id is used twice; give each one an id of its own")]
        if found:
            problems += _placed(path, id_, (*way, place), found)
        elif entry is not None:
            good[id_] = entry
    if problems:
        raise RegisterError(problems)
    return tuple(good.values())


def validate_one(path: Path, data: Any, model: type[SomeEntry]) -> SomeEntry:
    """The one entry that a file holds.

    Raises:
        RegisterError: with all problems.
    """
    found, entry = _validate(data, model)
    if entry is None:
        raise RegisterError(_placed(path, str(data.get("id", "")) if isinstance(data, dict) else "", (), found))
    return entry


def _placed(
    path: Path, id_: str, way: tuple[str | int, ...], found: list[tuple[tuple[str | int, ...], str]]
) -> list[str]:
    lines = lines_of_entries(path)
    return [
        f"{path}:{_line(lines, (*way, *inner))}: {id_ + ': ' if id_ else ''}{sentence}" for inner, sentence in found
    ]


def _line(lines: Mapping[tuple[str | int, ...], int], way: tuple[str | int, ...]) -> int:
    """The line of a value, or of what is around it."""
    while way and way not in lines:
        way = way[:-1]
    return lines.get(way, 1)


def _validate(data: Any, model: type[SomeEntry]) -> tuple[list[tuple[tuple[str | int, ...], str]], SomeEntry | None]:
    fields = ", ".join(model.model_fields)
    if not isinstance(data, dict):
        return [((), f"it is not a mapping; write the fields {fields}")], None
    try:
        return [], model.model_validate(data)
    except ValidationError as err:
        return [(detail["loc"], _sentence(detail, model)) for detail in err.errors()], None


def _sentence(error: ErrorDetails, model: type[Entry]) -> str:
    """What is wrong with a field, and the remedy."""
    way = [str(step) for step in error["loc"]]
    if not way:
        return str(error["msg"])
    name, value = ".".join(way), repr(error["input"])
    known = f" or use one of {', '.join(model.model_fields)}" if len(way) == 1 else ""
    said = {
        "missing": "is missing; add it",
        "extra_forbidden": f"is unknown; remove it{known}",
        "problem": str(error["msg"]),
        "literal_error": f"is {value}; use {error.get('ctx', {}).get('expected', 'another value')}",
        "date_type": f"is {value}; write a day like 2026-11-28, without quotes",
    }
    other = f"is {value}; {error['msg'][:1].lower()}{error['msg'][1:]}"
    return f"field '{name}' {said.get(error['type'], other)}"
