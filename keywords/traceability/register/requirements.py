"""Requirements of the register, read strictly from YAML."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KINDS = ("functional", "negative", "performance", "reliability", "security")
ID_PATTERN = re.compile(r"[A-Z]+-[0-9]{3}")
REQUIRED = ("id", "title", "text", "area", "risk", "needs", "owner")
OPTIONAL = ("source",)
RISK_MAX = 5

_SURELY_SHALLOW = 1000
"""Levels; libyaml crashed at 100,000, and read 5,000, with a stack of 8 MiB."""
BANDS = ((20, "critical", "blocker"), (12, "high", "critical"), (6, "medium", "normal"), (1, "low", "minor"))
"""Lowest score of each band, its name, and Allure's severity for it."""


class RegisterError(Exception):
    """The register cannot be used.

    Attributes:
        problems: one sentence for each problem, with file, requirement, field and remedy.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Requirement:
    """One testable statement.

    Attributes:
        id: its id, such as `CHAT-003`.
        title: the statement in a line.
        text: the statement in full.
        area: its part of the product.
        likelihood: likelihood that it is broken, 1 to 5.
        impact: impact if it is broken, 1 to 5.
        needs: the kinds of rows that have to prove it.
        owner: the responsible role.
        source: origin of the statement; None if it is not worth knowing.
    """

    id: str
    title: str
    text: str
    area: str
    likelihood: int
    impact: int
    needs: tuple[str, ...]
    owner: str
    source: str | None = None

    @property
    def score(self) -> int:
        """The risk, likelihood times impact: 1 to 25."""
        return self.likelihood * self.impact

    @property
    def level(self) -> str:
        """The risk in a word: `low` to 5, `medium` to 11, `high` to 19, `critical` above."""
        return next(level for lowest, level, _ in BANDS if self.score >= lowest)

    @property
    def severity(self) -> str:
        """Allure's word for the risk: `minor`, `normal`, `critical` or `blocker`."""
        return next(severity for lowest, _, severity in BANDS if self.score >= lowest)


@dataclass(frozen=True, slots=True)
class Register:
    """All requirements by id, in the order of the file."""

    path: Path
    requirements: Mapping[str, Requirement]


def load_register(path: Path) -> Register:
    """Read a register.

    Args:
        path: a YAML file with a list of requirements.

    Raises:
        RegisterError: the file is missing, is not YAML, or an entry breaks a rule; the error names all problems.
    """
    entries = _parse(path)
    problems: list[str] = []
    requirements: dict[str, Requirement] = {}
    for place, entry in enumerate(entries, start=1):
        where = f"{path}: {entry['id']}" if isinstance(entry, dict) and "id" in entry else f"{path}: entry {place}"
        entry_problems = _problems(entry)
        if not entry_problems and entry["id"] in requirements:
            entry_problems = ["id is used twice; give each requirement an id of its own"]
        if entry_problems:
            problems += [f"{where}: {problem}" for problem in entry_problems]
        else:
            requirements[entry["id"]] = _requirement(entry)
    if problems:
        raise RegisterError(problems)
    return Register(path, requirements)


def _parse(path: Path) -> list[Any]:
    import yaml  # noqa: PLC0415  # the hooks import this module at the start of every run

    class Strict(yaml.constructor.SafeConstructor):
        """Refuses duplicate fields, of which YAML keeps the last."""

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002  # YAML's own signature
            names = [key.value for key, _ in node.value]
            duplicate = next((name for name in names if names.count(name) > 1), None)
            if duplicate is not None:
                raise yaml.constructor.ConstructorError(
                    None, None, f"field '{duplicate}' is written twice; remove one", node.start_mark
                )
            return super().construct_mapping(node, deep)

        def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: FBT001, FBT002  # YAML's own signature
            try:
                return super().construct_object(node, deep)
            except (yaml.YAMLError, RecursionError):
                raise
            except Exception as err:
                # The library converts what looks like a date or a number, without a check of its own.
                problem = f"{err!r}; write the value in quotes if it is a text"
                raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from err

    class InC(Strict, yaml.CSafeLoader):
        """Takes 0.03 s for 300 requirements."""

    class InPython(Strict, yaml.SafeLoader):
        """Takes 0.15 s for 300 requirements, reads all of YAML, and ends with an error where the other crashes."""

    try:
        text = path.read_text(encoding="utf-8")
        # Safe loaders, which make only plain data.
        entries = None if _may_be_deep(text) else _loaded(text, InC)
        entries = _joined(yaml.load(text, InPython) if entries is None else entries)  # noqa: S506
    except OSError as err:
        raise RegisterError([f"{path}: the register cannot be read: {err.strerror}; give its path"]) from err
    except RecursionError as err:
        raise RegisterError([f"{path}: it is nested too deeply; write a list of requirements, field by field"]) from err
    except Exception as err:  # whatever the library stumbles over, the file is what there is to fix
        raise RegisterError([f"{path}: this is not YAML, fix it: {err}"]) from err
    if not isinstance(entries, list) or not entries:
        raise RegisterError([f"{path}: a register is a list of requirements; write each one as '- id: CHAT-001 …'"])
    return entries


def _loaded(text: str, loader: Any) -> Any:
    """The text's data; None if the loader refuses it, such as for half a character of JSON."""
    import yaml  # noqa: PLC0415  # see `_parse`

    try:
        return yaml.load(text, loader)  # noqa: S506  # a safe one
    except yaml.YAMLError:
        return None


def _may_be_deep(text: str) -> bool:
    """Whether so much may be nested that libyaml, which recurses without a limit, would crash."""
    depth = deepest = 0
    for bracket in re.findall(r"[][{}]", text):
        depth = depth + 1 if bracket in "[{" else max(0, depth - 1)
        deepest = max(depth, deepest)
    # Without brackets, each level takes a column more.
    return max(deepest, *map(len, text.splitlines()), 0) > _SURELY_SHALLOW


def _problems(entry: Any) -> list[str]:
    if not isinstance(entry, dict):
        return [f"it is not a mapping; write the fields {', '.join(REQUIRED)}"]
    problems = [f"field '{name}' is missing; add it" for name in REQUIRED if name not in entry]
    known = ", ".join((*REQUIRED, *OPTIONAL))
    unknown = [str(name) for name in entry if name not in (*REQUIRED, *OPTIONAL)]
    problems += [f"field '{name}' is unknown; remove it or use one of {known}" for name in unknown]
    checks = {"id": _id_problem, "risk": _risk_problem, "needs": _needs_problem}
    for name in (*REQUIRED, *OPTIONAL):
        if name in entry:
            problem = checks.get(name, _text_problem)(entry[name])
            problems += [f"field '{name}' {problem}"] if problem else []
    return problems


def _joined(value: Any) -> Any:
    r"""The value with whole characters where YAML's `\u` escapes wrote them as two halves, as JSON's writers do."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    if isinstance(value, list):
        return [_joined(one) for one in value]
    return {_joined(name): _joined(one) for name, one in value.items()} if isinstance(value, dict) else value


def _text_problem(value: Any) -> str | None:
    if not isinstance(value, str) or not value.strip():
        return f"is {value!r}; write a text that is not empty"
    if half := re.search(r"[\ud800-\udfff]", value):
        return f"holds {half[0]!r}, half a character; write the whole one"
    return None


def _id_problem(value: Any) -> str | None:
    if isinstance(value, str) and ID_PATTERN.fullmatch(value):
        return None
    return f"is {value!r}; write capitals, a hyphen and three digits, like CHAT-003"


def _risk_problem(value: Any) -> str | None:
    remedy = f"write {{likelihood: 1 to {RISK_MAX}, impact: 1 to {RISK_MAX}}}"
    if not isinstance(value, dict) or set(value) != {"likelihood", "impact"}:
        return f"is {value!r}; {remedy}"
    wrong = [name for name, number in value.items() if type(number) is not int or not 1 <= number <= RISK_MAX]
    return f"has {wrong[0]} {value[wrong[0]]!r}; {remedy}" if wrong else None


def _needs_problem(value: Any) -> str | None:
    if not isinstance(value, list) or not value:
        return f"is {value!r}; write a list with at least one of {', '.join(KINDS)}"
    wrong = [kind for kind in value if kind not in KINDS]
    if wrong:
        return f"has the unknown kind {wrong[0]!r}; use {', '.join(KINDS)}"
    return "names a kind twice; remove one" if len(set(value)) < len(value) else None


def _requirement(entry: dict[str, Any]) -> Requirement:
    texts = {name: " ".join(text.split()) for name, text in entry.items() if isinstance(text, str)}
    return Requirement(
        id=texts["id"],
        title=texts["title"],
        text=texts["text"],
        area=texts["area"],
        likelihood=entry["risk"]["likelihood"],
        impact=entry["risk"]["impact"],
        needs=tuple(entry["needs"]),
        owner=texts["owner"],
        source=texts.get("source"),
    )
