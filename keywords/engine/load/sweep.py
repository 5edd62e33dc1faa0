"""Sweeps: one load run for each value of a parameter, or for each combination of several."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from keywords.engine.load.errors import PlanError, QuantityError
from keywords.engine.load.planning import make_plan
from keywords.engine.load.quantities import parse_counts, parse_numbers, parse_rates
from keywords.engine.load.workload.reading import varied

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from keywords.engine.load.plan import LoadPlan, Target
    from keywords.engine.load.planning import LoadOptions
    from keywords.engine.load.workload.prompt_lengths import PromptLengths
    from keywords.engine.load.workload.reading import LoadedWorkload
    from keywords.engine.load.workload.schema import Entry, Workload

Parameter = Literal["temperature", "max_tokens", "prompt_tokens", "users", "rate"]
"""What a sweep varies: two fields of each request, the length of synthetic prompts, or the load."""
_READ: Final[Mapping[Parameter, Callable[[str, str], Sequence[float]]]] = {
    "temperature": parse_numbers,
    "max_tokens": parse_counts,
    "prompt_tokens": parse_counts,
    "users": parse_counts,
    "rate": parse_rates,
}


@dataclass(frozen=True, slots=True)
class Axis:
    """One parameter of a sweep.

    Attributes:
        parameter: what varies.
        values: in the order in which they are run.
    """

    parameter: Parameter
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SweepPoint:
    """One load run of a sweep.

    Attributes:
        values: of each parameter.
        workload: with these values; it has a hash of its own.
        plan: of the load run.
    """

    values: Mapping[Parameter, float]
    workload: LoadedWorkload
    plan: LoadPlan

    @property
    def name(self) -> str:
        """Its values, such as `temperature=0.7 users=10`."""
        return " ".join(f"{parameter}={value:g}" for parameter, value in self.values.items())


def parse_axis(text: str) -> Axis:
    """Read a parameter with its values, such as `temperature=0,0.7,1`.

    Raises:
        QuantityError: it is none.
    """
    name, equals, values = text.partition("=")
    parameter = cast("Parameter", name.strip())
    if not equals or parameter not in _READ:
        raise QuantityError(f"{text!r} is no sweep; write one of {', '.join(_READ)} with values: temperature=0,0.7,1")
    return Axis(parameter, tuple(_READ[parameter](values, parameter)))


def make_sweep(
    target: Target,
    workload: LoadedWorkload,
    options: LoadOptions,
    axes: Sequence[Axis],
    *,
    lengths: PromptLengths | None = None,
) -> tuple[SweepPoint, ...]:
    """Make a plan for each combination of the axes' values, the last axis varying first.

    Args:
        target: the server.
        workload: what every load run sends, but for the swept fields.
        options: of every load run, but for the swept load.
        axes: at least one, each parameter once.
        lengths: see `make_plan`; they hold for prompts of any length.

    Raises:
        PlanError: a parameter is swept twice, or the workload has nothing of the kind.
    """
    parameters = [axis.parameter for axis in axes]
    if not axes or len(set(parameters)) < len(parameters):
        raise PlanError(f"the sweep's parameters are {', '.join(parameters) or 'missing'}; give each of them once")
    if {"users", "rate"} <= set(parameters):
        raise PlanError("the sweep varies users and rate; users wait for answers, a rate does not: sweep one of them")
    points = []
    for combination in product(*(axis.values for axis in axes)):
        values = dict(zip(parameters, combination, strict=True))
        changed = varied(workload, _with_values(workload.spec, values))
        points.append(SweepPoint(values, changed, make_plan(target, changed, _load(options, values), lengths=lengths)))
    return tuple(points)


def _load(options: LoadOptions, values: Mapping[Parameter, float]) -> LoadOptions:
    """The swept load in place of any other."""
    if "users" in values:
        return replace(options, users=(int(values["users"]),), rates=())
    return replace(options, users=(), rates=(values["rate"],)) if "rate" in values else options


def _with_values(spec: Workload, values: Mapping[Parameter, float]) -> Workload:
    """The workload with the swept fields in each of its entries."""
    if spec.trace is not None:
        if {"max_tokens", "prompt_tokens"} & set(values):
            raise PlanError("a trace has its own lengths; sweep temperature, users or rate, or a workload with a mix")
        return spec.model_copy(update={"trace": spec.trace.model_copy(update=_fields(spec.trace.fields, values))})
    return spec.model_copy(update={"mix": tuple(_entry(entry, values) for entry in spec.mix or ())})


def _entry(entry: Entry, values: Mapping[Parameter, float]) -> Entry:
    update = _fields(entry.fields, values)
    if "max_tokens" in values:
        update["max_tokens"] = int(values["max_tokens"])
    if "prompt_tokens" in values:
        if entry.prompts.tokens is None:
            raise PlanError(f"entry {entry.name} has given texts; sweep prompt_tokens with prompts of tokens only")
        update["prompts"] = entry.prompts.model_copy(update={"tokens": int(values["prompt_tokens"])})
    return entry.model_copy(update=update)


def _fields(fields: Mapping[str, Any], values: Mapping[Parameter, float]) -> dict[str, Any]:
    return {"fields": {**fields, "temperature": values["temperature"]}} if "temperature" in values else {}
