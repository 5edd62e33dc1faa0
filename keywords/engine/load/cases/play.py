"""The twenty-three cases by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keywords.engine.load.cases.populations import POPULATION_CASES
from keywords.engine.load.cases.stall import stall_case
from keywords.engine.load.cases.streams import STREAM_CASES
from keywords.engine.load.cases.tokens import TOKEN_CASES

if TYPE_CHECKING:
    from keywords.engine.load.cases.case import Case

STALL_S = 1.0
"""Length of the stall; a longer one shows the same."""

CASES: dict[str, Case] = {
    case.name: case for case in (*STREAM_CASES, stall_case(STALL_S), *TOKEN_CASES, *POPULATION_CASES)
}
"""The twenty-three cases by name."""
