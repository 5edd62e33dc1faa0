"""Confidence intervals of rates, means and slopes."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

from keywords.engine.statistics.distributions import student_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

_LEAST_POINTS = 3
"""Two points define a line without an error."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its two-sided 95 % interval, all in the unit of what was measured.

    Attributes:
        mean: the number.
        low: lower end; equal to `mean` if there is only one value.
        high: upper end; equal to `mean` if there is only one value.
        n: number of values.
    """

    mean: float
    low: float
    high: float
    n: int


def mean_interval(values: Sequence[float]) -> Estimate:
    """Mean of independent values with Student's t interval.

    Args:
        values: one for each round or run. Requests within one run depend on each other, so they do not qualify.

    Returns:
        The mean and its interval, in the unit of the values.

    Raises:
        ValueError: there is no value.

    Source: Student, Biometrika 6 (1908) 1: mean ± t(0.975, n - 1) s / sqrt(n).
    """
    if not values:
        raise ValueError("n must be at least 1, not 0: a mean needs a value")
    n = len(values)
    mean = sum(values) / n
    if n == 1:
        return Estimate(mean, mean, mean, n)
    variance = sum((value - mean) ** 2 for value in values) / (n - 1)
    half = (variance / n) ** 0.5 * student_quantile(0.975, n - 1)
    return Estimate(mean, mean - half, mean + half, n)


def slope_interval(counts: Sequence[float], sizes: Sequence[float]) -> Estimate:
    """Growth of a size per unit of count, by least squares, with Student's t interval of the fit.

    Args:
        counts: one for each point.
        sizes: one for each point.

    Returns:
        The slope and its interval, in the unit of the sizes per unit of the counts.

    Raises:
        ValueError: there are fewer than three points.

    Source: N. R. Draper, H. Smith, Applied Regression Analysis (1998) 1.4: slope ± t(0.975, n - 2) times its standard
    error.
    """
    n = len(counts)
    if n < _LEAST_POINTS:
        raise ValueError(f"{n} points are too few for a slope: it needs {_LEAST_POINTS}")
    from scipy.stats import linregress  # noqa: PLC0415  # its import takes most of a second

    fit = linregress(counts, sizes)
    half = float(fit.stderr * student_quantile(0.975, n - 2))
    return Estimate(float(fit.slope), float(fit.slope) - half, float(fit.slope) + half, n)


def wilson(k: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Two-sided score interval of the rate of k hits in n independent trials, for reports.

    Args:
        k: hits, 0 to n.
        n: independent trials, at least 1.
        confidence: 0 to 1, without the ends.

    Returns:
        Lower and upper end, both 0 to 1.

    Raises:
        ValueError: an argument is outside its range.

    Source: E. B. Wilson, JASA 22 (1927) 209; the form in Brown, Cai, DasGupta, Statist. Sci. 16 (2001) 101, eq. 4.
    """
    _check(k, n, confidence)
    return wilson_of_rate(k / n, n, confidence)


def wilson_of_rate(rate: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's interval of a rate whose number of independent trials need not be whole.

    Args:
        rate: 0 to 1.
        n: effective number of trials, above 0.
        confidence: 0 to 1, without the ends.

    Source: as `wilson`.
    """
    # `scipy.stats.binomtest` gives the same, after half a second of imports more than the exact bounds need.
    z2 = NormalDist().inv_cdf((1 + confidence) / 2) ** 2
    middle = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = (z2 * (rate * (1 - rate) / n + z2 / (4 * n * n))) ** 0.5 / (1 + z2 / n)
    # The formula gives exactly 0 and 1 at the ends; rounding must not change them.
    return (0.0 if rate == 0 else middle - half), (1.0 if rate == 1 else middle + half)


def clopper_pearson_upper(k: int, n: int, confidence: float = 0.95) -> float:
    """One-sided exact upper bound of a rate, for limits of "at most".

    Args:
        k: hits, 0 to n.
        n: independent trials, at least 1.
        confidence: 0 to 1, without the ends; one-sided.

    Returns:
        The bound, 0 to 1. With k = 0 it is `1 - (1 - confidence) ** (1 / n)`.

    Raises:
        ValueError: an argument is outside its range.

    Source: C. J. Clopper, E. S. Pearson, Biometrika 26 (1934) 404: a quantile of Beta(k + 1, n - k).
    """
    _check(k, n, confidence)
    return 1.0 if k == n else _beta_quantile(k + 1, n - k, confidence)


def clopper_pearson_lower(k: int, n: int, confidence: float = 0.95) -> float:
    """One-sided exact lower bound of a rate, for limits of "at least".

    Args:
        k: hits, 0 to n.
        n: independent trials, at least 1.
        confidence: 0 to 1, without the ends; one-sided.

    Returns:
        The bound, 0 to 1.

    Raises:
        ValueError: an argument is outside its range.

    Source: as `clopper_pearson_upper`; a quantile of Beta(k, n - k + 1).
    """
    _check(k, n, confidence)
    return 0.0 if k == 0 else _beta_quantile(k, n - k + 1, 1 - confidence)


def _beta_quantile(a: float, b: float, q: float) -> float:
    from scipy.special import betaincinv  # noqa: PLC0415  # a short run may not need it

    return float(betaincinv(a, b, q))


def _check(k: int, n: int, confidence: float) -> None:
    if n < 1:
        raise ValueError(f"n must be at least 1, not {n}: an interval needs a trial")
    if not 0 <= k <= n:
        raise ValueError(f"k must be 0 to n = {n}, not {k}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}; write 0.95 for 95 %")
