"""Playing of a case: a scripted backend plays its parts, the load engine measures them, the checks compare."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from keywords.engine.load.cases.case import Finding, Measurement
from keywords.engine.load.cases.numbers import NUMBER_CASES
from keywords.engine.load.cases.stall import stall_case
from keywords.engine.load.cases.streams import STREAM_CASES
from keywords.engine.load.cautions import CautionCounter
from keywords.engine.load.plan import LoadPlan, Target
from keywords.engine.scripted.script import Script

if TYPE_CHECKING:
    from keywords.engine.load.cases.case import Case, Part
    from keywords.engine.scripted.backend import ScriptedBackend

STALL_S = 1.0
"""Length of the stall; a longer one shows the same."""

CASES: dict[str, Case] = {case.name: case for case in (*STREAM_CASES, stall_case(STALL_S), *NUMBER_CASES)}
"""The twenty-three cases by name."""
