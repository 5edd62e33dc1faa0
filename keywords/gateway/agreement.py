"""Whether other sinks of the gateway report what its ledger holds."""

from collections.abc import Mapping
from typing import Any, Literal

from robot.api.deco import keyword, library

from keywords.run.fields import field_at

TimeUnit = Literal["us", "ms", "s"]
_MICROSECONDS = {"us": 1, "ms": 1_000, "s": 1_000_000}
_FLOAT_SLACK = 5e-11  # rounding error of the same number, calculated in another order


@library(scope="GLOBAL", doc_format="MARKDOWN")
class AgreementLibrary:
    """Hold headers, log lines, metrics and spans against the ledger; `LedgerLibrary` reads its entries."""

    @keyword
    def ledger_should_agree_on_gateway_time(
        self, entry: dict[str, Any], source: str, reported: float, unit: TimeUnit
    ) -> None:
        """Verify that another sink reports the same gateway time as the ledger.

        Args:
            entry: the ledger entry.
            source: names the other sink in the message: the header, the log, the metrics.
            reported: the time that the sink reports.
            unit: unit of that time: `us`, `ms` or `s`.

        Raises:
            AssertionError: with both numbers.

        ```robotframework
        ${ms} =    Get Header    ${answer}    x-gateway-time-ms
        Ledger Should Agree On Gateway Time    ${entry}    the header    ${ms}    ms
        ```
        """
        _verify_time("the gateway's own time", entry["gateway_us"], source, reported, unit, _FLOAT_SLACK)

    @keyword
    def ledger_should_agree_on_duration(
        self, entry: dict[str, Any], source: str, reported: float, unit: TimeUnit, *, rounded_to_us: bool = False
    ) -> None:
        """Verify that another sink reports the same duration as the ledger.

        Args:
            entry: the ledger entry.
            source: names the other sink in the message.
            reported: the time that the sink reports.
            unit: unit of that time: `us`, `ms` or `s`.
            rounded_to_us: allows one microsecond of difference: only the ledger's number is rounded to microseconds.

        Raises:
            AssertionError: with both numbers.

        ```robotframework
        ${duration_s} =    Get Metric    gen_ai_server_request_duration_seconds_sum
        Ledger Should Agree On Duration    ${entry}    the metrics    ${duration_s}    s    rounded_to_us=True
        ```
        """
        slack = 1 / _MICROSECONDS[unit] if rounded_to_us else _FLOAT_SLACK
        _verify_time("the duration", entry["duration_ms"] * _MICROSECONDS["ms"], source, reported, unit, slack)

    @keyword
    def ledger_should_agree_on_cost(self, entry: dict[str, Any], source: str, reported: float) -> None:
        """Verify that another sink reports the same cost as the ledger, in US dollars.

        Raises:
            AssertionError: with both numbers.

        ```robotframework
        ${cost} =    Get Header    ${answer}    x-gateway-cost-usd
        Ledger Should Agree On Cost    ${entry}    the header    ${cost}
        ```
        """
        if abs(reported - entry["cost_usd"]) > _FLOAT_SLACK:
            raise AssertionError(
                f"For the cost {source} should tell {entry['cost_usd']:.10f} US dollars like the ledger, "
                f"but tells {reported:.10f}"
            )

    @keyword
    def ledger_should_agree_on_fields(
        self, entry: Mapping[str, Any], source: str, reported: Mapping[str, Any], *paths: str
    ) -> None:
        """Verify that another sink reports fields of the same names with the same values as the ledger.

        Args:
            entry: the ledger entry.
            source: names the other sink in the message.
            reported: what the sink reports, such as a line of the log.
            paths: the fields, such as `status` or `attempts[0].duration_ms`.

        Raises:
            AssertionError: with each field that differs, or the first one that is missing.

        ```robotframework
        ${line} =    Get Log Entry    ${answer}
        Ledger Should Agree On Fields    ${entry}    the log    ${line}    status    tokens_source
        ```
        """
        pairs = {path: (field_at(reported, path, source), field_at(entry, path, "ledger entry")) for path in paths}
        differences = [f"{path} {told!r}, not {held!r}" for path, (told, held) in pairs.items() if told != held]
        if differences:
            raise AssertionError(f"Unlike the ledger {source} tells {'; '.join(differences)}")


def _verify_time(what: str, ledger_us: float, source: str, reported: float, unit: TimeUnit, slack: float) -> None:
    expected = ledger_us / _MICROSECONDS[unit]
    if abs(reported - expected) > slack:
        raise AssertionError(
            f"For {what} {source} should tell {expected:.10g} {unit} like the ledger, but tells {reported:.10g} {unit}"
        )
