"""The design of the calibration: which models answer what, and the rules that judge them, fixed before any answer."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from keywords.engine.evaluation.prompting import Sampling

SETS = ("short-facts", "copying")
"""The sets of which the embedded model passes 60 to 90 %, where a regression shows."""
SEEDS = 20
DRAWS = 3
"""Answers to each item; odd, so that most of them are right or wrong."""
RANKED_AT_LEAST = 18
"""Of 20 seeds, those that rank the models as they were made."""
FOUND_AT_LEAST = 16
"""Of 20 seeds, those in which the model with the most noise is different from the base."""
ALARMS_AT_MOST = 1
"""Of 20 seeds, those in which the base is different from itself."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model of the calibration.

    Attributes:
        name: as the table shows it.
        requantised: whether its Q4_1 matrices are Q4_0.
        noise: on its Q4_1 matrices, in standard deviations of each; None without. Each seed has noise of its own.
    """

    name: str
    requantised: bool = False
    noise: float | None = None

    def series(self, seed: int) -> str:
        """The name of its runs with this seed."""
        return f"{self.name} {seed}"

    def sampling(self, seed: int) -> Sampling:
        """How its answers are drawn; no two models share random numbers."""
        digest = hashlib.sha256(f"{self.name} {seed}".encode()).digest()
        return Sampling(temperature=1.0, draws=DRAWS, seed=int.from_bytes(digest[:4], "big") >> 1)


BASE, AGAIN = Model("base"), Model("base again")
REQUANTISED = Model("Q4_0", requantised=True)
LITTLE_NOISE, MUCH_NOISE = Model("noise 0.1", noise=0.1), Model("noise 0.3", noise=0.3)
MODELS = (BASE, AGAIN, REQUANTISED, LITTLE_NOISE, MUCH_NOISE)
"""By how far their weights are from the base's, in standard deviations of each matrix: 0, 0, 0.09, 0.1, 0.3."""


@dataclass(frozen=True, slots=True)
class Order:
    """One part of the ranking, by right answers to all sets.

    Attributes:
        better: the model with more right answers.
        worse: the other one.
        may_equal: whether as many are enough.
    """

    better: Model
    worse: Model
    may_equal: bool = False

    def __str__(self) -> str:
        return f"{self.better.name} {self.sign} {self.worse.name}"

    @property
    def sign(self) -> str:
        """The sign between both."""
        return "≥" if self.may_equal else ">"

    def holds(self, better: int, worse: int) -> bool:
        """Whether so many right answers are in this order."""
        return better > worse or (self.may_equal and better == worse)


RANKING = (
    Order(BASE, REQUANTISED),
    Order(REQUANTISED, LITTLE_NOISE, may_equal=True),
    Order(LITTLE_NOISE, MUCH_NOISE),
)
