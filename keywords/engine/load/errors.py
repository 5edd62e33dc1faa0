"""Errors of what a load run is given, all raised before any load is sent.

    LoadInputError
    ├── QuantityError        a duration, a list of users or rates, a percentage
    ├── ServiceLevelError    an expression such as `ttft_p95 < 500 ms`
    ├── ArrivalsError        rates and files of arrivals
    ├── TraceError           a trace file
    ├── WorkloadError        a workload file and the files of prompts that it names
    ├── PlanError            parts that do not go together
    ├── CalibrationError     prompts of n tokens that this server does not let one make
    └── PreflightError       the server: unreachable, wrong key, no LLM, no such model

Each message names the field, what stands there, and the remedy.
"""

from __future__ import annotations


class LoadInputError(ValueError):
    """A load run cannot start; the message is for the user."""


class QuantityError(LoadInputError):
    """A number, its unit, or a list of numbers cannot be read."""


class ServiceLevelError(LoadInputError):
    """An expression is no service level."""


class ArrivalsError(LoadInputError):
    """Arrivals cannot be drawn, stored or read."""


class TraceError(LoadInputError):
    """A trace file cannot be read."""


class WorkloadError(LoadInputError):
    """A workload cannot be used.

    Attributes:
        problems: one sentence for each problem, with file, line, field and remedy.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class PlanError(LoadInputError):
    """Users, rates, times and workload do not go together."""


class CalibrationError(LoadInputError):
    """The server does not let one make prompts of as many tokens as the workload asks for."""


class PreflightError(LoadInputError):
    """The server cannot be put under load; no load was sent."""
