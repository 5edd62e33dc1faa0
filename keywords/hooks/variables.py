"""Check of the variables that a command line sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from robot.libraries.BuiltIn import BuiltIn

from keywords.hooks.stopping import RunRefusedError
from keywords.hooks.suite_model import source_of
from keywords.run.variable_names import known_names, misspelt
from keywords.traceability.decision.measurements import LIMIT
from keywords.traceability.register.criteria import Latency, Scores

if TYPE_CHECKING:
    from robot import running

    from keywords.traceability.register.register import Register


def check_variable_names(root: running.TestSuite) -> None:
    """Refuse a variable that nothing reads and whose name is one slip away from one that the suites read.

    Raises:
        RunRefusedError: with each such name, and the name that was meant.
    """
    known = known_names(source_of(root)) | _declared(root)
    slips = misspelt(BuiltIn().get_variables(no_decoration=True), known)
    if told := "; ".join(f"no suite reads the variable {name}; did you mean {meant}?" for name, meant in slips):
        raise RunRefusedError(told)


def limits_of(register: Register) -> dict[str, str]:
    """Metadata with the limits of this environment that exit criteria name, for whoever judges them after the run."""
    measures = [one.measure for one in register.criteria]
    names = {one.limit for one in measures if isinstance(one, Latency)}
    names |= {baseline.limit for one in measures if isinstance(one, Scores) for baseline in one.baselines}
    values = {name: BuiltIn().get_variable_value(f"${{{name}}}") for name in sorted(names)}
    return {LIMIT + name: str(value) for name, value in values.items() if value is not None}


def _declared(suite: running.TestSuite) -> set[str]:
    names = {variable.name[2:-1].partition(":")[0] for variable in suite.resource.variables}
    return names.union(*(_declared(child) for child in suite.suites))
