"""The sinks of every finished request: the log, the metrics, and those that the configuration names."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from gateway.config.problems import ConfigError, Problem
from gateway.observability.ledger import Ledger
from gateway.observability.metrics import Metrics
from gateway.observability.request_log import RequestLog
from gateway.observability.token_counting import TokenCounting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gateway.config.load import Config
    from gateway.config.observability import OtelConfig, Price
    from gateway.limits.admission import Reservation
    from gateway.observability.metric_store import MetricStore
    from gateway.observability.tracing import Tracing
    from gateway.request.record import RequestRecord
    from gateway.routing.routes import Routes


class Sink(Protocol):
    """Takes finished requests."""

    def add(self, record: RequestRecord) -> None:
        """Take a settled record; must not wait."""

    async def close(self) -> None:
        """Write the remaining records."""


class Observers:
    """The sinks of one gateway, and the prices.

    Args:
        config: names the sinks and the prices.
        store: of the metrics; one for this process alone if left out.

    Attributes:
        metrics: of the page `/metrics`.
        is_tracing: whether spans are made.

    Raises:
        ConfigError: the ledger's file cannot be used, or the extra for OpenTelemetry is missing.
    """

    def __init__(self, config: Config, store: MetricStore | None = None) -> None:
        self._log = log = RequestLog()
        self.is_tracing = config.otel.endpoint is not None
        self.metrics = Metrics(store)
        self._prices: Mapping[str, Price] = config.prices
        self._token_counting = TokenCounting(self._add_to_sinks)
        self._sinks: list[Sink] = [log, self.metrics]
        self._show_drops("log", "Lines of requests that did not fit into the log's queue.", lambda: log.dropped)
        if config.ledger.path is not None:
            self._add_sink("ledger", Ledger(config.ledger.path, queue=config.ledger.queue))
        if config.otel.endpoint is not None:
            self._add_sink("otel", _tracing(config.otel))

    def _add_sink(self, name: str, sink: Ledger | Tracing) -> None:
        self._sinks.append(sink)
        self.metrics.extra[f"gateway_{name}_written_total"] = ("Requests that it took.", (), lambda: {(): sink.written})
        self._show_drops(name, "Requests that did not fit into its queue, or that it failed on.", lambda: sink.dropped)

    def _show_drops(self, name: str, help_text: str, dropped: Callable[[], int]) -> None:
        self.metrics.extra[f"gateway_{name}_dropped_total"] = (help_text, (), lambda: {(): dropped()})

    def apply(self, config: Config, routes: Routes) -> None:
        """Apply a configuration from now on.

        Args:
            config: its prices, and whether the log has contents.
            routes: the metrics show their breakers and cooldowns.
        """
        self._prices = config.prices
        self._log.contents_bytes = config.log.contents_bytes if config.log.contents else 0
        self.metrics.watch_routes(routes)

    def begin(self, record: RequestRecord) -> None:
        """Note that a request has arrived."""
        if record.is_api_request:
            self.metrics.begin()
            if self._log.contents_bytes:
                record.answer_start = bytearray()

    def capture(self, record: RequestRecord, body: bytes) -> None:
        """Keep as much of an answer's block as the log may show."""
        if record.answer_start is not None and (left := self._log.contents_bytes - len(record.answer_start)) > 0:
            record.answer_start += body[:left]

    def settle(self, record: RequestRecord, completed_at: float) -> None:
        """Settle the record before the answer's headers show its time and cost."""
        record.settle(completed_at, self._price(record))
        # No later count: every sink must show the same tokens and cost as the headers.
        record.token_counter = None

    def end(self, record: RequestRecord, completed_at: float, reservation: Reservation | None) -> None:
        """Give a finished request to all sinks: at once, or when its tokens are counted."""
        price = self._price(record)
        record.settle(completed_at, price)
        if record.is_api_request:
            self.metrics.end()
        counter, record.token_counter = record.token_counter, None
        if counter is None or not self._token_counting.start(record, counter, price, reservation):
            self._add_to_sinks(record)

    def _price(self, record: RequestRecord) -> Price | None:
        return self._prices.get(record.model) if record.model else None

    def _add_to_sinks(self, record: RequestRecord) -> None:
        for sink in self._sinks:
            sink.add(record)

    async def count_last(self) -> None:
        """Finish counting the tokens of all requests; what takes too long stays an estimate."""
        await self._token_counting.close()

    async def close(self) -> None:
        """Close all sinks concurrently, as each may take long."""
        await asyncio.gather(*(sink.close() for sink in self._sinks))


def _tracing(config: OtelConfig) -> Tracing:
    try:
        from gateway.observability.tracing import Tracing as Installed  # noqa: PLC0415  # an extra, needed only with an endpoint
    except ImportError as error:
        raise ConfigError(
            [
                Problem(
                    "otel.endpoint",
                    f"OpenTelemetry is not installed ({error.name})",
                    "pip install 'llm-gateway-qa[otel]', or remove the table",
                )
            ]
        ) from error
    return Installed(config)
