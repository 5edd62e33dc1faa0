"""Conformance of the load engine."""

from datetime import timedelta

from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.load.cases.play import CASES, play_case
from keywords.engine.load.cases.stall import stall_case
from keywords.engine.machine import BUSY, measure_machine
from keywords.engine.scripted.backend import ScriptedBackend
from keywords.run.assertions import verify_no_defects
from keywords.run.inconclusive import skip_as_inconclusive


@library(scope="GLOBAL", doc_format="MARKDOWN")
class LoadCasesLibrary:
    """Let the load engine measure servers of which the truth is known: `keywords.engine.load.cases`."""

    @keyword
    def load_engine_should_measure(
        self, backend: ScriptedBackend, case: str, *, stall: timedelta | None = None
    ) -> None:
        """Play a case, and verify that what the engine says of it is true.

        Args:
            backend: plays the server; its record of what it sent, and when, is the truth.
            case: name of one of the twenty-three cases.
            stall: length of the stall in `stall_in_open_loop`; 0.6 s if left out.

        Raises:
            ValueError: there is no such case.
            AssertionError: the engine is wrong, with each number and the true one.
            SkipExecution: only times deviate, and the machine is too busy for a verdict.

        ```robotframework
        Load Engine Should Measure    ${backend}    early_role
        ```
        """
        if case not in CASES:
            raise ValueError(f"there is no case {case!r}: the cases are {', '.join(CASES)}")
        chosen = CASES[case] if stall is None else stall_case(stall.total_seconds())
        logger.info(f"{chosen.behaviour} {chosen.truth} Reported in: {chosen.source}.")
        finding = play_case(chosen, backend)
        verify_no_defects(f"The load engine is wrong about {case}", finding.wrong)
        if not finding.late:
            return
        machine = measure_machine()
        if machine.slowdown > BUSY:
            skip_as_inconclusive(f"The load engine's times of {case} are late: {'; '.join(finding.late)}", machine)
        verify_no_defects(f"The load engine's times of {case} are late", finding.late)
