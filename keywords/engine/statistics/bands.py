"""Confidence bands of whole distributions."""

from __future__ import annotations

import math


def distribution_band(n: int, confidence: float = 0.95) -> float:
    """Half the height of the band that holds the whole true distribution function with the given probability.

    It takes the values for independent, which the requests of one load run are not.

    Args:
        n: independent values, at least 1; infinite ones count.
        confidence: 0 to 1, without the ends.

    Returns:
        A share, above 0: the true share of values up to any x lies within the measured one ± this.

    Raises:
        ValueError: an argument is outside its range.

    Source: A. Dvoretzky, J. Kiefer, J. Wolfowitz, Ann. Math. Statist. 27 (1956) 642, with the constant of P. Massart,
    Ann. Probab. 18 (1990) 1269: sqrt(ln(2 / (1 - confidence)) / (2 n)).
    """
    if n < 1:
        raise ValueError(f"n must be at least 1, not {n}: a band needs a value")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}; write 0.95 for 95 %")
    return math.sqrt(math.log(2 / (1 - confidence)) / (2 * n))
