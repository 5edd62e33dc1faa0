"""Binomial intervals: what k hits in n independent trials say about the rate behind them."""

from __future__ import annotations

from statistics import NormalDist


def wilson(k: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Two-sided score interval of a rate, for reporting.

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
    z2 = NormalDist().inv_cdf((1 + confidence) / 2) ** 2
    rate = k / n
    middle = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = (z2 * (rate * (1 - rate) / n + z2 / (4 * n * n))) ** 0.5 / (1 + z2 / n)
    # At the ends the formula gives 0 and 1 exactly; rounding must not move them.
    return (0.0 if k == 0 else middle - half), (1.0 if k == n else middle + half)


def clopper_pearson_upper(k: int, n: int, confidence: float = 0.95) -> float:
    """One-sided exact upper bound: with this confidence the rate is no higher. For gates on "at most".

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
    """One-sided exact lower bound: with this confidence the rate is no lower. For gates on "at least".

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
    # Loading scipy takes most of a second, and a short run may need no bound at all.
    from scipy.special import betaincinv  # noqa: PLC0415

    return float(betaincinv(a, b, q))


def _check(k: int, n: int, confidence: float) -> None:
    if n < 1:
        raise ValueError(f"n must be at least 1, not {n}: an interval needs a trial")
    if not 0 <= k <= n:
        raise ValueError(f"k must be 0 to n = {n}, not {k}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}; write 0.95 for 95 %")
