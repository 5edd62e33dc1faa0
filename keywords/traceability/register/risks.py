"""Risks of the product and of the project, in the fields of ISO/IEC/IEEE 29119-3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from keywords.traceability.register.entries import (
    Entry,
    IdRule,
    RequirementId,
    RiskField,
    Role,
    Text,
    Unique,
    load_list,
)

if TYPE_CHECKING:
    from pathlib import Path

RiskId = Annotated[str, IdRule(r"RISK-[0-9]{3}", "write RISK, a hyphen and three digits, like RISK-004")]


class RegisteredRisk(Entry):
    """One risk.

    Attributes:
        id: its id, such as `RISK-004`.
        title: what may happen, in a line.
        kind: `product` or `project`.
        risk: likelihood and impact before anything is done about it.
        mitigation: what is done about it.
        requirements: the requirements whose rows watch it.
        residual: likelihood and impact that remain.
        owner: the role that accepts the residual risk.
    """

    id: RiskId
    title: Text
    kind: Literal["product", "project"]
    risk: RiskField
    mitigation: Text
    requirements: Unique[RequirementId]
    residual: RiskField
    owner: Role


def load_risks(path: Path) -> tuple[RegisteredRisk, ...]:
    """Read the risks.

    Raises:
        RegisterError: with all problems of the file.
    """
    return load_list(path, RegisteredRisk, "risks", "- id: RISK-001 …")
