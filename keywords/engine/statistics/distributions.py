"""Quantiles of the distributions that intervals and tests need.

They come from `scipy.special`. `scipy.stats` gives the same, but its import takes 0.9 s of processor time in place of
0.4 s, which every process with a report on a load run would spend.
"""

from __future__ import annotations

from bisect import bisect_left


def binomial_quantile(probability: float, n: int, rate: float) -> int:
    """The smallest number of hits that is not exceeded with this probability at least.

    Args:
        probability: 0 to 1, without the ends.
        n: independent trials.
        rate: probability of a hit.
    """
    from scipy.special import bdtr  # noqa: PLC0415  # a short run may not need it

    return bisect_left(range(n + 1), probability, key=lambda hits: float(bdtr(hits, n, rate)))


def binomial_excess(hits: int, n: int, rate: float) -> float:
    """The probability of more hits than so many; arguments as above."""
    from scipy.special import bdtrc  # noqa: PLC0415  # as above

    return float(bdtrc(hits, n, rate))


def student_quantile(probability: float, freedom: float) -> float:
    """The quantile of Student's t with so many degrees of freedom."""
    from scipy.special import stdtrit  # noqa: PLC0415  # as above

    return float(stdtrit(freedom, probability))
