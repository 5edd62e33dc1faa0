"""The register: all its files, and what they say of one another."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from keywords.traceability.register.bugs import load_bugs
from keywords.traceability.register.criteria import load_criteria
from keywords.traceability.register.families import load_families
from keywords.traceability.register.requirements import load_requirements
from keywords.traceability.register.reviews import load_reviews
from keywords.traceability.register.risks import load_risks
from keywords.traceability.register.waivers import load_waivers
from keywords.traceability.register.yaml_file import RegisterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from keywords.traceability.register.bugs import Bug
    from keywords.traceability.register.criteria import Criterion
    from keywords.traceability.register.families import Family
    from keywords.traceability.register.requirements import Requirement
    from keywords.traceability.register.reviews import Reviews
    from keywords.traceability.register.risks import RegisteredRisk
    from keywords.traceability.register.waivers import Waiver

REVIEWS = "reviewed.json"
BUGS = "bugs"


@dataclass(frozen=True, slots=True)
class Register:
    """All entries of a register.

    Attributes:
        path: the file of its requirements; all others lie beside it.
        requirements: by their ids, in the order of the file.
        risks: in the order of the file.
        criteria: the exit criteria, in the order of the file.
        bugs: by their ids.
        waivers: by their ids.
        families: declared families of tags, by their names.
        reviews: what each row was last read against.
    """

    path: Path
    requirements: Mapping[str, Requirement]
    risks: tuple[RegisteredRisk, ...] = ()
    criteria: tuple[Criterion, ...] = ()
    bugs: Mapping[str, Bug] = field(default_factory=dict)
    waivers: Mapping[str, Waiver] = field(default_factory=dict)
    families: Mapping[str, Family] = field(default_factory=dict)
    reviews: Reviews = field(default_factory=dict)


def load_register(path: Path) -> Register:
    """Read a register; of its files only the requirements must be there.

    Args:
        path: the YAML file of the requirements.

    Raises:
        RegisterError: a file cannot be used, or names what no other file holds; the error names all problems.
    """
    folder = path.parent
    problems: list[str] = []
    requirements = load_requirements(path)
    readers: dict[str, tuple[str, Callable[[Path], object]]] = {
        "risks": ("risks.yaml", load_risks),
        "criteria": ("criteria.yaml", load_criteria),
        "waivers": ("waivers.yaml", lambda file: load_waivers(file, requirements)),
        "families": ("tags.yaml", load_families),
        "bugs": (BUGS, load_bugs),
        "reviews": (REVIEWS, load_reviews),
    }
    held: dict[str, object] = {}
    for name, (file, read) in readers.items():
        if not (folder / file).exists():
            continue
        try:
            held[name] = read(folder / file)
        except RegisterError as err:
            problems += err.problems
    if problems:
        raise RegisterError(problems)
    register = Register(path, requirements, **held)  # type: ignore[arg-type]  # each reader gives its own type
    if problems := list(_dangling(register)):
        raise RegisterError(problems)
    return register


def _dangling(register: Register) -> Iterator[str]:
    """What one file names and no other holds."""
    folder = register.path.parent
    for risk in register.risks:
        yield from _unknown(f"{folder / 'risks.yaml'}: {risk.id}", risk.requirements, register.requirements)
    for bug in register.bugs.values():
        where = f"{folder / BUGS / bug.id}.yaml: {bug.id}"
        yield from _unknown(where, bug.requirements, register.requirements)
        yield from _unknown(where, [bug.duplicate_of] if bug.duplicate_of else [], register.bugs)
    for waiver in register.waivers.values():
        where = f"{folder / 'waivers.yaml'}: {waiver.id}"
        yield from _unknown(where, [waiver.requirement], register.requirements)
        yield from _unknown(where, [waiver.bug], register.bugs)


def _unknown(where: str, ids: list[str] | tuple[str, ...], known: Mapping[str, object]) -> Iterator[str]:
    for id_ in ids:
        if id_ not in known:
            near = difflib.get_close_matches(id_, known, n=1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            yield f"{where}: names {id_}, which the register does not hold{hint}; correct it or add it"
