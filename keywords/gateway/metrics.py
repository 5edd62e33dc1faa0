"""The gateway's `/metrics`, as text and through a real Prometheus."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus

from assertionengine import AssertionOperator
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.machine import Deadline
from keywords.engine.processes.prometheus import Prometheus
from keywords.engine.waiting import wait_until
from keywords.run import target
from keywords.run.arguments import CONVERTERS, Labels
from keywords.run.assertions import verify

_POLL_S = 0.1
_SOON = timedelta(seconds=3)
# Prometheus waits five seconds before its first scrape.
_FIRST_SCRAPE = timedelta(seconds=15)
# What the samples of a metric append to its name, by its type. The parser takes `_total` off a counter's name.
_SUFFIXES = defaultdict(lambda: ("",), counter=("_total",), histogram=("_bucket", "_count", "_sum"))


@library(scope="GLOBAL", doc_format="MARKDOWN", converters=CONVERTERS)
class MetricsLibrary:
    """Read the metrics of the gateway at `${GATEWAY_URL}`.

    ```robotframework
    Get Metric    gateway_requests_total    labels=status_class=2xx
    ${prometheus} =    Start Prometheus    ${GATEWAY_URL}
    Get Query Result    ${prometheus}    sum(gateway_requests_total)    ==    3
    ```
    """

    @keyword
    def metric_names_should_include(self, *names: str) -> None:
        """Verify that the page has samples of these names, with suffixes such as `_total`, `_count` and `_bucket`.

        Raises:
            AssertionError: with each name that is missing.

        ```robotframework
        Metric Names Should Include    gateway_requests_total
        ```
        """
        there = {sample.name for family in _families() for sample in family.samples}
        if missing := [name for name in names if name not in there]:
            raise AssertionError(f"/metrics has no samples of the name {', '.join(missing)}")

    @keyword
    def get_metric_series(self) -> set[str]:
        """Every series of the gateway on the page, by name and labels, without those of the Python process.

        ```robotframework
        ${series} =    Get Metric Series
        ```
        """
        return {
            f"{sample.name}{sorted(sample.labels.items())}"
            for family in _families()
            for sample in family.samples
            if sample.name.startswith(("gateway_", "gen_ai_"))
        }

    @keyword
    def metric_series_should_still_be(self, before: set[str]) -> None:
        """Verify that no series came or went since an earlier [Get Metric Series].

        Raises:
            AssertionError: with each series that did.

        ```robotframework
        ${before} =    Get Metric Series
        Metric Series Should Still Be    ${before}
        ```
        """
        now = self.get_metric_series()
        changes = [f"{series} came" for series in sorted(now - before)]
        changes += [f"{series} went" for series in sorted(before - now)]
        if changes:
            raise AssertionError(f"The series of /metrics changed: {'; '.join(changes)}")

    @keyword
    def get_metric(
        self,
        name: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
        *,
        labels: Labels = None,
    ) -> float:
        """The sum of all series of a name that have certain labels; 0 if the metric has none.

        Args:
            name: name of the samples.
            assertion_operator: how to compare.
            assertion_expected: a sum.
            message: replaces the usual message.
            labels: only series with these, such as `code=invalid_api_key`.

        Raises:
            AssertionError: the page has no metric of this name, or the comparison failed.

        ```robotframework
        ${count} =    Get Metric    gateway_errors_total    labels=code=invalid_api_key
        Get Metric    gateway_errors_total    >    0    labels=code=invalid_api_key
        ```
        """
        return verify(
            _sum_of(name, labels or {}), assertion_operator, assertion_expected, f"{name}{labels or ''}", message
        )

    @keyword
    def get_metric_growth(
        self,
        name: str,
        since: float,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
        *,
        labels: Labels = None,
    ) -> float:
        """The growth of a metric since an earlier [Get Metric].

        Args:
            name: as for [Get Metric].
            since: the earlier value.
            assertion_operator: how to compare.
            assertion_expected: a difference.
            message: replaces the usual message.
            labels: as for [Get Metric].

        ```robotframework
        ${before} =    Get Metric    gateway_errors_total    labels=code=invalid_api_key
        Get Metric Growth    gateway_errors_total    ${before}    ==    1    labels=code=invalid_api_key
        ```
        """
        now = _sum_of(name, labels or {})
        label, details = f"The growth of {name}{labels or ''}", f"from {since:g} to {now:g}"
        return verify(now - since, assertion_operator, assertion_expected, label, message, details)

    @keyword
    def metrics_should_add_up_to(
        self, expected: float, *names: str, since: float = 0.0, within: timedelta = _SOON
    ) -> None:
        """Wait until all series of these names add up to a number.

        The gateway counts a request a little after its answer.

        Args:
            expected: the sum.
            names: names of the metrics.
            since: an earlier sum, which is subtracted.
            within: maximum wait.

        Raises:
            AssertionError: the page has no metric of one of the names, or the sum is another one when the time is over.

        ```robotframework
        Metrics Should Add Up To    40    gateway_ledger_written_total    gateway_ledger_dropped_total
        ${before} =    Get Metric    gateway_requests_total
        Metrics Should Add Up To    4    gateway_requests_total    since=${before}
        ```
        """
        more = f" more than {since:g}" if since else ""
        wait_until(
            lambda: sum(_sum_of(name, {}) for name in names) - since,
            lambda total: total == expected,
            Deadline(within.total_seconds()),
            lambda total: AssertionError(
                f"{' + '.join(names)} is {total:g}{more} instead of {expected:g} after {within.total_seconds():g} s"
            ),
            every_s=_POLL_S,
        )

    @keyword
    def get_query_result(
        self,
        prometheus: Prometheus,
        expression: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
        *,
        within: timedelta = _FIRST_SCRAPE,
    ) -> float:
        """The one value of a PromQL expression; waits until there is one.

        Args:
            prometheus: the server to query.
            expression: PromQL that gives one series.
            assertion_operator: how to compare.
            assertion_expected: a value.
            message: replaces the usual message.
            within: maximum wait for a scrape that gives one.

        Raises:
            PrometheusError: the expression is no PromQL.
            AssertionError: it did not give one value in time, or the comparison failed.

        ```robotframework
        Get Query Result    ${prometheus}    sum(gateway_requests_total)    ==    3
        ```
        """
        series = wait_until(
            lambda: prometheus.query(expression),
            lambda series: len(series) == 1,
            Deadline(within.total_seconds()),
            lambda series: AssertionError(
                f"{expression} gave {len(series)} series within {within.total_seconds():g} s: {series}"
            ),
            every_s=_POLL_S,
        )
        logger.info(f"{expression} = {series[0]}")
        return verify(series[0][1], assertion_operator, assertion_expected, expression, message)


def _sum_of(name: str, labels: Mapping[str, str]) -> float:
    """The sum of the series of a name that have the labels; a metric without such a series gives 0.

    Raises:
        AssertionError: the page has no metric of this name.
    """
    families = [family for family in _families() if name in {family.name + suffix for suffix in _SUFFIXES[family.type]}]
    if not families:
        raise AssertionError(f"/metrics has no metric with samples of the name {name!r}")
    samples = (sample for family in families for sample in family.samples)
    values = [
        float(sample.value) for sample in samples if sample.name == name and labels.items() <= sample.labels.items()
    ]
    logger.info(f"{name}{labels or ''} = {sum(values):g}, from {len(values)} series")
    return sum(values)


def _families() -> list[Metric]:
    """The metrics on the page; one whose labels had no values yet has no samples."""
    exchange = target.client().send("GET", "/metrics", body=None, headers={})
    if exchange.status != HTTPStatus.OK:
        raise AssertionError(f"/metrics answered {exchange.status}")
    return list(text_string_to_metric_families(exchange.body.decode()))
