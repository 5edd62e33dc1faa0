"""Families of tags that a project declares beside those that every row uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from keywords.traceability.register.entries import Entry, IdRule, Text, Unique, load_list

if TYPE_CHECKING:
    from pathlib import Path

FamilyName = Annotated[
    str, IdRule(r"(?!(?:req|kind|needs|robot|allure)$)[a-z][a-z-]*", "write a word in small letters, like team")
]


class Family(Entry):
    """A family of tags, such as `team:`.

    Attributes:
        id: its name, without the colon.
        text: what it says of a row.
        values: all values that it may have; empty means any.
    """

    id: FamilyName
    text: Text
    values: Unique[Text] = ()


def load_families(path: Path) -> dict[str, Family]:
    """Read the families, by their names.

    Raises:
        RegisterError: with all problems of the file.
    """
    return {one.id: one for one in load_list(path, Family, "families of tags", "- id: team …")}
