"""What a server says of itself during a load run, and whether it agrees with the client."""

from statistics import median
from typing import Literal

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.load.metrics.counts import count_problems
from keywords.engine.load.server_metrics.signals import Signal
from keywords.engine.load.session import LoadRun
from keywords.run.assertions import verify, verify_no_defects

Extreme = Literal["min", "max", "last"]


@library(scope="GLOBAL", doc_format="MARKDOWN")
class LoadServerLibrary:
    """Read the server's own `/metrics`, which are sampled while load runs, under one name for all servers.

    ```robotframework
    ${run} =    Run Load    users=4    duration=2 s
    Get Server Signal    ${run}    in_flight    max    <=    4
    ```
    """

    @keyword
    def get_server_signal(
        self,
        run: LoadRun,
        signal: Signal,
        extreme: Extreme,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """Get the least, greatest or last value of a signal; series of one moment are added up.

        Args:
            run: the load run.
            signal: such as `in_flight`, `waiting` or `kv_cache_use`; of `breaker_state`, 2 means that one is open.
            extreme: which of its values.
            assertion_operator: such as `<=`.
            assertion_expected: a number in the signal's unit.
            message: replaces the usual message.

        Raises:
            AssertionError: the server lacks the signal, or the comparison failed.

        ```robotframework
        Get Server Signal    ${run}    in_flight    max    >    0
        ```
        """
        sums = _sums(run, signal)
        if not sums:
            reason = run.server_problem or f"its page has none of the names of {signal}"
            raise AssertionError(f"The server should say its {signal}, but says nothing: {reason}")
        values = [sums[at_s] for at_s in sorted(sums)]
        value = values[-1] if extreme == "last" else min(values) if extreme == "min" else max(values)
        label = f"The {extreme} of {len(values)} values of {signal}"
        return verify(value, assertion_operator, assertion_expected, label, message)

    @keyword
    def get_signal_drift(
        self,
        run: LoadRun,
        signal: Signal,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """Get the ratio of a signal's median in the last stage to that in the first one.

        Raises:
            AssertionError: the server said nothing in one of both, or the comparison failed.

        ```robotframework
        Get Signal Drift    ${run}    memory    <    ${SOAK_MEMORY_DRIFT_BELOW}
        ```
        """
        sums = _sums(run, signal)
        bounds = run.facts.stage_bounds[0], run.facts.stage_bounds[-1]
        first, last = ([sums[at_s] for at_s in sums if begin <= at_s < end] for begin, end in bounds)
        if not first or not last or not median(first):
            raise AssertionError(f"The server should say its {signal} in the first and the last stage, but does not")
        label = f"Median of {signal} in the last stage ({median(last):g}) over that in the first ({median(first):g})"
        return verify(median(last) / median(first), assertion_operator, assertion_expected, label, message)

    @keyword
    def counts_should_agree(self, run: LoadRun, **others: int) -> None:
        """Verify that client and server count the same requests, each once.

        The client's samples are compared with its plan, with the growth of the server's own counter, and with what the
        row knows besides. Of requests that broke off before an answer, a server may know nothing.

        Args:
            run: the load run.
            others: further counts by name, such as `ledger=40`.

        Raises:
            AssertionError: with each count that does not fit.

        ```robotframework
        Counts Should Agree    ${run}    ledger=${entries}
        ```
        """
        growth = run.growth_of("requests")
        server = {} if growth is None else {"the server's own counter": round(growth)}
        named = {name.replace("_", " "): int(count) for name, count in others.items()}
        logger.info(f"samples: {len(run.summary.samples.item)}, {server | named}")
        problems = count_problems(run.summary.samples, run.facts, server | named)
        verify_no_defects("The counts of one load run differ", problems)


def _sums(run: LoadRun, signal: Signal) -> dict[float, float]:
    """The values of a signal by their moment, series added up."""
    sums: dict[float, float] = {}
    for each in run.values_of(signal):
        sums[each.at_s] = sums.get(each.at_s, 0.0) + each.value
    return sums
