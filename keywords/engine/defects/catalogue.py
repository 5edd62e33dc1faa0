"""Catalogue of the defects that a server can have for whoever knows nothing of it but its address."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

from keywords.engine.defects.answers import ANSWERS
from keywords.engine.defects.conversations import CONVERSATIONS
from keywords.engine.defects.errors import ERRORS
from keywords.engine.defects.fields import FIELDS
from keywords.engine.defects.keys import KEYS
from keywords.engine.defects.mix_ups import MIX_UPS
from keywords.engine.defects.services import SERVICES
from keywords.engine.defects.streams import STREAMS
from keywords.engine.defects.texts import TEXTS
from keywords.engine.defects.times import TIMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keywords.engine.defects.defect import Defect

CATALOGUE: Final[tuple[Defect, ...]] = (
    *FIELDS,
    *CONVERSATIONS,
    *ANSWERS,
    *TEXTS,
    *STREAMS,
    *TIMES,
    *MIX_UPS,
    *KEYS,
    *ERRORS,
    *SERVICES,
)


class UnknownDefectError(Exception):
    """No defect has that name; the message names near ones."""


def choose(names: Sequence[str]) -> tuple[Defect, ...]:
    """The defects of some names, or of their slugs, in the catalogue's order; all if none is named.

    Raises:
        UnknownDefectError: no defect is called so.
    """
    wanted = {name.lower() for name in names}
    known = {word: defect for defect in CATALOGUE for word in (defect.name.lower(), defect.slug)}
    for name in wanted - set(known):
        near = difflib.get_close_matches(name, [defect.name for defect in CATALOGUE], n=3, cutoff=0.3)
        raise UnknownDefectError(f"no defect is called '{name}'; did you mean {', '.join(near) or 'one of --list'}?")
    return tuple(one for one in CATALOGUE if not wanted or one.name.lower() in wanted or one.slug in wanted)
