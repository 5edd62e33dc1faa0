"""Percentiles of numbers that a row measured itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.http.exchange import Exchange
from keywords.engine.openai.client import Answer, StreamedAnswer
from keywords.engine.statistics.percentiles import percentile
from keywords.measure.latency import Statistic
from keywords.run.assertions import verify

_SHOWN = 5


@library(scope="GLOBAL", doc_format="MARKDOWN")
class PercentilesLibrary:
    """Percentiles of any numbers, with the smallest honest number of values.

    A percentile is a measured value (nearest rank), never one between two. Of fewer values than it needs, it could lie
    above all of them: p50 needs 5, p90 29, p95 59, p99 299, `max` 1.

    ```robotframework
    ${answers} =    Ask Together    Hello.    times=5    max_tokens=1
    ${seconds} =    Get Durations    ${answers}
    Get Percentile    ${seconds}    p50    <    5
    ```
    """

    @keyword
    def get_percentile(
        self,
        numbers: object,
        statistic: Statistic,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """A percentile of numbers that the row measured, in their own unit.

        Args:
            numbers: a list of numbers, of texts that are numbers, or of times, which count in seconds.
            statistic: `p50`, `p90`, `p95`, `p99` or `max`.
            assertion_operator: such as `<`.
            assertion_expected: a number in the same unit.
            message: replaces the usual message.

        Raises:
            TypeError: they are no list, or one of them is no number.
            ValueError: there are too few for the percentile.
            AssertionError: the comparison failed.

        ```robotframework
        VAR    @{seconds}    0.21    0.19    0.34    0.2    0.22
        Get Percentile    ${seconds}    p50    <    0.3
        ```
        """
        values = _numbers(numbers)
        if statistic == "max" and not values:
            raise ValueError("There is no number, and so no largest one")
        value = max(values) if statistic == "max" else percentile(values, int(statistic[1:]))
        largest = "the largest: " + ", ".join(f"{each:g}" for each in sorted(values)[-_SHOWN:])
        label = f"The {statistic} of {len(values)} {'number' if len(values) == 1 else 'numbers'}"
        logger.info(f"{label} is {value:g}; {largest}")
        return verify(value, assertion_operator, assertion_expected, label, message, largest)

    @keyword
    def get_durations(self, answers: Sequence[Answer | StreamedAnswer | Exchange]) -> list[float]:
        """The seconds of each answer, from sending its request to its end.

        Args:
            answers: answers, streams or exchanges.

        ```robotframework
        ${answers} =    Ask Together    Hello.    times=5    max_tokens=1
        ${seconds} =    Get Durations    ${answers}
        ```
        """
        return [answer.total_s for answer in answers]


def _numbers(numbers: object) -> list[float]:
    if isinstance(numbers, str | bytes) or not isinstance(numbers, Sequence):
        raise TypeError(f"Expected a list of numbers, got {numbers!r}; VAR    @{{numbers}}    1    2    3 makes one")
    return [_number(value, place) for place, value in enumerate(numbers, start=1)]


def _number(value: object, place: int) -> float:
    if isinstance(value, timedelta):
        return value.total_seconds()
    try:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise TypeError(f"Expected item {place} of the numbers to be a number or a time, got {value!r}")
    return number
