"""Power of a judgement by bounds: how many trials it needs before it can tell a bad rate from an accepted one."""

from __future__ import annotations

from itertools import count

from keywords.engine.statistics.distributions import binomial_excess, binomial_quantile

CONFIDENCE = 0.95
"""Of the one-sided bounds in `intervals`."""
POWER = 0.5
"""How often a judgement has to find a rate that is clearly too high."""
CLEARLY = 2.5
"""A rate so many times the limit is clearly too high."""
LEAST = 0.1
"""A rate this high is clearly too high whatever the limit; for limits near 0."""


def can_tell(trials: int, limit: float) -> bool:
    """Whether so many trials can judge, by the lower bound of their rate, that it is at most a limit.

    With too few, a system whose true rate is 2.5 times the limit passes in most runs, so a pass means nothing.

    Args:
        trials: independent trials, at least 1.
        limit: the accepted rate, 0 to below 1.

    Raises:
        ValueError: the limit is outside its range; no rate exceeds 1.

    Source: the power of the exact binomial test, E. L. Lehmann, J. P. Romano, Testing Statistical Hypotheses (2005)
    3.4; the test refuses what the lower Clopper-Pearson bound refuses.
    """
    if not 0 <= limit < 1:
        raise ValueError(f"limit must be 0 to below 1, not {limit}: no rate exceeds 1")
    # The fewest successes whose lower bound exceeds the limit; more than there are trials if none does.
    refused_from = binomial_quantile(CONFIDENCE, trials, limit) + 1
    clearly_too_high = min(1.0, max(CLEARLY * limit, LEAST))
    return bool(refused_from <= trials and binomial_excess(refused_from - 1, trials, clearly_too_high) >= POWER)


def trials_needed(limit: float) -> int:
    """The number of trials from which on `can_tell` holds; a few smaller ones may do by luck.

    Raises:
        ValueError: as `can_tell`.
    """
    # Successes are whole numbers, so the power falls back a little before it rises again.
    return next(n for n in count(1) if all(can_tell(trials, limit) for trials in range(n, 2 * n + 1)))
