"""Distributions of lengths and of pauses, as they stand in a workload file.

Each is drawn by one random number from 0 to 1 through its inverse cumulative distribution. Bounds cut a distribution
off: the rest keeps its shape, and no value is piled up at a bound.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Annotated, Any, Final, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, WithJsonSchema, model_validator

from keywords.engine.load.quantities import DURATION_PATTERN, parse_duration

_STANDARD: Final = NormalDist()

Tokens = Annotated[int, Field(strict=True, ge=1, le=10_000_000)]
"""A number of tokens."""
Seconds = Annotated[
    float,
    BeforeValidator(lambda value: parse_duration(value, "the duration")),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN, "examples": ["500 ms", "2 s"]}),
]
"""A duration with its unit, such as `2 s`."""
Unit = TypeVar("Unit", int, float)


class Part(BaseModel):
    """A part of a workload file: unknown fields are refused, and nothing changes it."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Distribution(Part, Generic[Unit]):
    """A distribution of tokens or of durations; each is drawn by one number from 0 to below 1."""

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """A short name in the JSON Schema, the same with every version of pydantic."""
        return f"{cls.__name__}{'Pause' if params[0] is Seconds else 'Length'}"


class Uniform(Distribution[Unit], Generic[Unit]):
    """Evenly between two values, both included."""

    distribution: Literal["uniform"]
    min: Unit
    max: Unit

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _require_order(self.min, self.max)
        return self

    def draw(self, u: float) -> float:
        """The value at a probability from 0 to below 1."""
        if isinstance(self.min, int) and isinstance(self.max, int):
            return self.min + math.floor(u * (self.max - self.min + 1))
        return self.min + u * (self.max - self.min)


class Normal(Distribution[Unit], Generic[Unit]):
    """Normal, cut off at its bounds."""

    distribution: Literal["normal"]
    mean: Unit
    sd: Unit
    min: Unit
    max: Unit

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _require_order(self.min, self.max)
        return self

    def draw(self, u: float) -> float:
        """The value at a probability from 0 to below 1."""
        low, high = ((bound - self.mean) / self.sd for bound in (self.min, self.max))
        return _within(self.min, self.mean + self.sd * _cut_normal(u, low, high), self.max)


class Lognormal(Distribution[Unit], Generic[Unit]):
    """Lognormal, given by its median and its 95th percentile before it is cut off: many short values, a few long."""

    distribution: Literal["lognormal"]
    median: Unit
    p95: Unit
    min: Unit
    max: Unit

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _require_order(self.min, self.max)
        if self.p95 <= self.median:
            raise ValueError(f"p95 is {self.p95} and median {self.median}; give a p95 above the median")
        return self

    def draw(self, u: float) -> float:
        """The value at a probability from 0 to below 1."""
        sigma = math.log(self.p95 / self.median) / _STANDARD.inv_cdf(0.95)
        low, high = (math.log(bound / self.median) / sigma for bound in (self.min, self.max))
        return _within(self.min, self.median * math.exp(sigma * _cut_normal(u, low, high)), self.max)


class Choice(Distribution[Unit], Generic[Unit]):
    """One of several values, by their weights; all weigh the same if none is given."""

    distribution: Literal["choice"]
    values: Annotated[tuple[Unit, ...], Field(min_length=1)]
    weights: tuple[Annotated[float, Field(gt=0)], ...] | None = None

    @model_validator(mode="after")
    def _paired(self) -> Self:
        if self.weights is not None and len(self.weights) != len(self.values):
            raise ValueError(f"it has {len(self.values)} values and {len(self.weights)} weights; give one for each")
        return self

    def draw(self, u: float) -> float:
        """The value at a probability from 0 to below 1."""
        return self.values[pick(u, self.weights or (1.0,) * len(self.values))]


def pick(u: float, weights: tuple[float, ...]) -> int:
    """The place that a probability from 0 to below 1 falls on, by weights."""
    left = u * sum(weights)
    for place, weight in enumerate(weights):
        left -= weight
        if left < 0:
            return place
    return len(weights) - 1


def draw_value(distribution: Any, u: float) -> float:
    """The value of a distribution, or of a constant, at a probability from 0 to below 1."""
    return distribution if isinstance(distribution, int | float) else distribution.draw(u)


def draw_count(distribution: Any, u: float) -> int:
    """The same, as the nearest whole number."""
    return round(draw_value(distribution, u))


def _kind(value: Any) -> str:
    """Which form of a distribution stands in the file; a wrong name is reported by the constant's check."""
    if isinstance(value, dict):
        return str(value.get("distribution"))
    return str(getattr(value, "distribution", "constant"))


_NAMED: Final = Discriminator(
    _kind,
    custom_error_type="distribution",
    custom_error_message=(
        "it names no distribution; write a number, or distribution: uniform, normal, lognormal or choice"
    ),
)

Length = Annotated[
    Annotated[Tokens, Tag("constant")]
    | Annotated[Uniform[Tokens], Tag("uniform")]
    | Annotated[Normal[Tokens], Tag("normal")]
    | Annotated[Lognormal[Tokens], Tag("lognormal")]
    | Annotated[Choice[Tokens], Tag("choice")],
    _NAMED,
]
"""A number of tokens or of turns: fixed, or drawn for each request."""

Pause = Annotated[
    Annotated[Seconds, Tag("constant")]
    | Annotated[Uniform[Seconds], Tag("uniform")]
    | Annotated[Normal[Seconds], Tag("normal")]
    | Annotated[Lognormal[Seconds], Tag("lognormal")]
    | Annotated[Choice[Seconds], Tag("choice")],
    _NAMED,
]
"""A duration: fixed, or drawn for each request."""


def _require_order(low: float, high: float) -> None:
    if low > high:
        raise ValueError(f"min is {low} and max {high}; give a max that is not below the min")


def _cut_normal(u: float, low: float, high: float) -> float:
    """Inverse of the standard normal distribution that is cut off at two bounds."""
    below, above = _STANDARD.cdf(low), _STANDARD.cdf(high)
    probability = below + u * (above - below)
    if not 0 < probability < 1:  # both bounds lie in the same far tail
        return low if probability <= 0 else high
    return _STANDARD.inv_cdf(probability)


def _within(low: float, value: float, high: float) -> float:
    """The value without what rounding took beyond a bound."""
    return min(max(value, low), high)
