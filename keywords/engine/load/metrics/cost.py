"""Cost of a load run from a table of prices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from keywords.engine.load.text_file import read_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from keywords.engine.load.metrics.summary import Summary

_MILLION = 1e6


class PriceError(ValueError):
    """The table of prices cannot be used; the message names file, field and remedy."""


class Price(BaseModel):
    """The price of a model's tokens, in US dollars per million; as the gateway's `[prices]`.

    Attributes:
        input_per_million: prompt tokens.
        output_per_million: completion tokens.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    input_per_million: float = Field(ge=0, allow_inf_nan=False)
    output_per_million: float = Field(ge=0, allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class Cost:
    """What the requests of a load run cost.

    Attributes:
        dollars: of the requests whose tokens are known.
        per_answer: mean of the whole answers among them, in dollars; None without any.
        priced: requests whose tokens the server's usage tells; failed and cancelled ones, too.
        unpriced: other requests that were sent: their cost is not in `dollars`.
    """

    dollars: float
    per_answer: float | None
    priced: int
    unpriced: int

    def __str__(self) -> str:
        note = f"; {self.unpriced} requests without usage are not in it" if self.unpriced else ""
        mean = "" if self.per_answer is None else f", $ {self.per_answer:.6g} a whole answer"
        return f"$ {self.dollars:.6g} for {self.priced} requests{mean}{note}"


_LONGEST = 100_000
"""Bytes of a table of prices."""


def read_prices(path: Path) -> Mapping[str, Price]:
    """Read a table of prices: a YAML file with `input_per_million` and `output_per_million` under each model.

    Raises:
        PriceError: it cannot be read, or a field is wrong.
    """
    try:
        content = yaml.safe_load(read_bytes(path, _LONGEST).decode())
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise PriceError(f"the prices in {path} cannot be read: {' '.join(str(error).split())}") from error
    try:
        return TypeAdapter(dict[str, Price]).validate_python({} if content is None else content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise PriceError(
            f"{path}: {place}: {first['msg']}; write input_per_million and output_per_million, in US dollars, "
            f"under each model"
        ) from error


def price_of(prices: Mapping[str, Price], model: str) -> Price | None:
    """The price of a model; None if there is no table.

    Raises:
        PriceError: the table lacks the model: a cost that is left out in silence looks like none.
    """
    if prices and model not in prices:
        raise PriceError(f"the table of prices has none of {model!r}, only of {', '.join(prices)}; add the model to it")
    return prices.get(model)


def cost(summary: Summary, price: Price, stage: int | None = None) -> Cost:
    """Price the tokens that the server says it worked on, those of failed and cancelled requests too.

    Args:
        summary: of the load run.
        price: of its model.
        stage: None for all together.

    Source: prompt tokens x input price + output tokens x output price, as the gateway's ledger computes its `cost_usd`;
    tokens from a prompt cache have the full price, since a client is not told of them by every server.
    """
    samples, population = summary.samples, summary.population(stage)
    by_usage = population & np.asarray(samples.tokens_source == "usage", dtype=bool) & ~np.isnan(samples.prompt_tokens)
    sent = population & ~np.isnan(samples.t_sent)
    dollars = (
        samples.prompt_tokens * price.input_per_million + samples.output_tokens * price.output_per_million
    ) / _MILLION
    answers = dollars[by_usage & samples.answered]
    return Cost(
        dollars=float(dollars[by_usage].sum()),
        per_answer=float(answers.mean()) if len(answers) else None,
        priced=int(by_usage.sum()),
        unpriced=int((sent & ~by_usage).sum()),
    )
