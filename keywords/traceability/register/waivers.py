"""Waivers: requirements that a release may lack for a while, by whose decision and why; their rows still run."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field, StrictInt, model_validator

from keywords.traceability.register.entries import (
    BugId,
    Day,
    Entry,
    IdRule,
    RequirementId,
    Role,
    Text,
    problem,
    validate_list,
    validate_one,
)
from keywords.traceability.register.yaml_file import RegisterError, read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

    from keywords.traceability.register.requirements import Requirement

WaiverId = Annotated[str, IdRule(r"WAIV-[0-9]{3}", "write WAIV, a hyphen and three digits, like WAIV-001")]
WARNING_DAYS = 14
"""Days before its expiry from which a waiver is warned of."""


class Waiver(Entry):
    """One waiver.

    Attributes:
        id: its id, such as `WAIV-001`.
        requirement: what may be unproven.
        owner: the role that decided.
        reason: why.
        bug: the bug that keeps it from being proven.
        added: the day of the decision.
        expires: its last day.
    """

    id: WaiverId
    requirement: RequirementId
    owner: Role
    reason: Text
    bug: BugId
    added: Day
    expires: Day

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.expires < self.added:
            raise problem(f"expires on {self.expires}, before it was added on {self.added}; correct one of the two")
        return self

    def has_expired(self, today: date) -> bool:
        """Whether its last day has passed."""
        return today > self.expires

    def expires_soon(self, today: date) -> bool:
        """Whether it holds, and for less than the days of warning."""
        return 0 <= (self.expires - today).days < WARNING_DAYS


class WaiverFile(Entry):
    """The file of waivers.

    Attributes:
        cap_per_area: the most waivers of one area.
        waivers: the waivers.
    """

    cap_per_area: Annotated[StrictInt, Field(ge=0)]
    waivers: tuple[Waiver, ...]


def load_waivers(path: Path, requirements: Mapping[str, Requirement]) -> dict[str, Waiver]:
    """Read the waivers, by their ids.

    Args:
        path: a YAML file with `cap_per_area`, the most waivers of one area, and the list `waivers`.
        requirements: the requirements by their ids, for their areas.

    Raises:
        RegisterError: with all problems of the file.
    """
    data = read_yaml(path, "write cap_per_area and waivers")
    if isinstance(data, dict) and isinstance(data.get("waivers"), list):
        validate_list(path, data["waivers"], Waiver, ("waivers",))
    file = validate_one(path, data, WaiverFile)
    areas = Counter(requirements[one.requirement].area for one in file.waivers if one.requirement in requirements)
    if over := [f"{area} has {count}" for area, count in areas.items() if count > file.cap_per_area]:
        allowed = f"at most {file.cap_per_area} waivers of an area are allowed, and {'; '.join(over)}"
        raise RegisterError([f"{path}:1: {allowed}; fix what they wait for"])
    return {one.id: one for one in file.waivers}
