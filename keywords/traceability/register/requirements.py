"""Requirements of the register."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from keywords.traceability.register.entries import (
    BANDS,
    KINDS,
    Entry,
    Kind,
    RequirementId,
    RiskField,
    Role,
    Text,
    load_list,
    problem,
)

if TYPE_CHECKING:
    from pathlib import Path


def _check_needs(value: Any) -> Any:
    if not isinstance(value, (list, tuple)) or not value:
        raise problem(f"is {value!r}; write a list with at least one of {', '.join(KINDS)}")
    if wrong := [kind for kind in value if kind not in KINDS]:
        raise problem(f"has the unknown kind {wrong[0]!r}; use {', '.join(KINDS)}")
    if len(set(value)) < len(value):
        raise problem("names a kind twice; remove one")
    return value


_Needs = Annotated[
    tuple[Kind, ...],
    BeforeValidator(_check_needs),
    WithJsonSchema({"type": "array", "items": {"enum": list(KINDS)}, "minItems": 1, "uniqueItems": True}),
]


class Requirement(Entry):
    """One testable statement.

    Attributes:
        id: its id, such as `CHAT-003`.
        title: the statement in a line.
        text: the statement in full.
        area: its part of the product.
        risk: likelihood that it is broken, and impact if it is, 1 to 5 each.
        needs: the kinds of rows that have to prove it.
        owner: the responsible role.
        source: origin of the statement; None if it is not worth knowing.
    """

    id: RequirementId
    title: Text
    text: Text
    area: Text
    risk: RiskField
    needs: _Needs
    owner: Role
    source: Text | None = None

    @property
    def score(self) -> int:
        """The risk, likelihood times impact: 1 to 25."""
        return self.risk.score

    @property
    def level(self) -> str:
        """The risk in a word: `low`, `medium`, `high` or `critical`."""
        return self.risk.level

    @property
    def severity(self) -> str:
        """Allure's word for the risk: `minor`, `normal`, `critical` or `blocker`."""
        return next(severity for lowest, _, severity in BANDS if self.score >= lowest)


def load_requirements(path: Path) -> dict[str, Requirement]:
    """Read the requirements, in the order of the file, by their ids.

    Raises:
        RegisterError: the file is missing, is not YAML, or an entry breaks a rule; the error names all problems.
    """
    return {one.id: one for one in load_list(path, Requirement, "requirements", "- id: CHAT-001 …")}
