"""Known differences of foreign servers: rows that fail there, in a way that is described, and why that is accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from keywords.traceability.register.entries import (
    Day,
    Entry,
    IdRule,
    Pattern,
    Text,
    Unique,
    validate_list,
    validate_one,
)
from keywords.traceability.register.yaml_file import RegisterError, read_yaml

if TYPE_CHECKING:
    from pathlib import Path

DifferenceId = Annotated[str, IdRule(r"DIFF-[0-9]{3}", "write DIFF, a hyphen and three digits, like DIFF-012")]
FOLDER = "targets"


class Difference(Entry):
    """One known difference.

    Attributes:
        id: its id, unique within the server.
        title: what the server does otherwise, as a sentence.
        rows: the rows that show it, by their full names or the ends of these.
        message: a regular expression that the message of such a failed row matches.
    """

    id: DifferenceId
    title: Text
    rows: Unique[Text] = Field(min_length=1)
    message: Pattern


class Target(Entry):
    """A foreign server.

    Attributes:
        name: how people call it.
        version: the version that was looked at.
        looked_at: the day.
        start: the command that started it.
        differences: what is known of it.
    """

    name: Text
    version: Text
    looked_at: Day
    start: Text
    differences: tuple[Difference, ...]


def load_target(register: Path, name: str) -> Target:
    """Read the known differences of a server.

    Args:
        register: the file of the requirements; the servers' files lie in the folder `targets` beside it.
        name: the name of the server's file, without its ending.

    Raises:
        RegisterError: there is no such file, or it breaks a rule.
    """
    folder = register.parent / FOLDER
    path = folder / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(one.stem for one in folder.glob("*.yaml"))) or "none yet"
        raise RegisterError([f"{path}: no server of this name is known; known are {known}"])
    data = read_yaml(path, "write name, version, looked_at, start and differences")
    if isinstance(data, dict) and isinstance(data.get("differences"), list):
        validate_list(path, data["differences"], Difference, ("differences",))
    return validate_one(path, data, Target)
