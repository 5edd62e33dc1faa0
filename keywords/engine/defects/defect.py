"""A defect as the catalogue declares it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keywords.engine.defects.exchange import Plant


@dataclass(frozen=True, slots=True)
class Defect:
    """One defect of a server, planted on the wire before a sound one.

    Attributes:
        name: what is wrong, in plain words; unique.
        harm: what a user of such a server suffers.
        requirements: the requirements that it violates; the first row that fails must carry one of them.
        plant: makes it.
        spoils: what it changes, as a test sees it: `request.tools`, `answer.choices.finish_reason`, `answer.status`,
            `stream.created`, `time`. A part includes all that lies below it. Nothing else may change.
        stops_run: a text in the reason for which a run before this server does not start at all; empty if it starts.
        missed: why no row can find it by URL alone; empty for a defect that must be found.
    """

    name: str
    harm: str
    requirements: tuple[str, ...]
    plant: Plant
    spoils: tuple[str, ...]
    stops_run: str = ""
    missed: str = ""

    @property
    def slug(self) -> str:
        """The name as a folder's name."""
        words = "".join(letter if letter.isalnum() else " " for letter in self.name.lower())
        return "-".join(words.split())
