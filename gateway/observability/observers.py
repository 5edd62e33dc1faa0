"""Who is told of every finished request: the log, and what the configuration asks for."""

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
    from gateway.routing.balancing import BackendState


class Sink(Protocol):
    """Takes finished requests; `add` must not wait."""

    def add(self, record: RequestRecord) -> None:
        """Take a settled record."""

    async def close(self) -> None:
        """Write what still waits."""


class Observers:
    """The sinks of one gateway, and the prices.

    Args:
        config: what is asked for.
        store: where the metrics keep theirs.

    Attributes:
        metrics: what `/metrics` shows.
        are_tracing: spans are made.

    Raises:
        ConfigError: the ledger's file cannot be used, or the extra for OpenTelemetry is missing.
    """

    def __init__(self, config: Config, store: MetricStore | None = None) -> None:
        self._log = log = RequestLog()
        self.are_tracing = config.otel.endpoint is not None
        self.metrics = Metrics(store)
        self._prices: Mapping[str, Price] = config.prices
        self._token_counting = TokenCounting(self._tell)
        self._sinks: list[Sink] = [log, self.metrics]
        self._count("log", "Lines of requests that did not fit into the log's queue.", lambda: log.dropped)
        if config.ledger.path is not None:
            self._add("ledger", Ledger(config.ledger.path, queue=config.ledger.queue))
        if config.otel.endpoint is not None:
            self._add("otel", _tracing(config.otel))

    def _add(self, name: str, sink: Ledger | Tracing) -> None:
        self._sinks.append(sink)
        self.metrics.extra[f"gateway_{name}_written_total"] = ("Requests that it took.", (), lambda: {(): sink.written})
        self._count(name, "Requests that did not fit into its queue, or that it failed on.", lambda: sink.dropped)

    def _count(self, name: str, told: str, dropped: Callable[[], int]) -> None:
        self.metrics.extra[f"gateway_{name}_dropped_total"] = (told, (), lambda: {(): dropped()})

    def take_up(self, config: Config, states: Mapping[str, BackendState]) -> None:
        """Tell of these from now on.

        Args:
            config: with the prices of models, and whether the log has contents.
            states: of backends.
        """
        self._prices = config.prices
        self._log.contents_bytes = config.log.contents_bytes if config.log.contents else 0
        self.metrics.watch_breakers({name: state.breaker for name, state in states.items()})

    def begin(self, record: RequestRecord) -> None:
        """Note that a request has come."""
        if record.to_api:
            self.metrics.begin()
            if self._log.contents_bytes:
                record.answered = bytearray()

    def capture(self, record: RequestRecord, body: bytes) -> None:
        """Keep of a part of an answer what the log may have of it."""
        if record.answered is not None and (left := self._log.contents_bytes - len(record.answered)) > 0:
            record.answered += body[:left]

    def settle(self, record: RequestRecord, completed_at: float) -> None:
        """Work out what the request took and cost, before its answer's headers tell it."""
        record.settle(completed_at, self._price(record))
        # What the headers say is what all others have to say.
        record.token_counter = None

    def end(self, record: RequestRecord, completed_at: float, reservation: Reservation | None) -> None:
        """Tell all sinks of a finished request: at once, or when its tokens are counted."""
        price = self._price(record)
        record.settle(completed_at, price)
        if record.to_api:
            self.metrics.end()
        counter, record.token_counter = record.token_counter, None
        if counter is None or not self._token_counting.take(record, counter, price, reservation):
            self._tell(record)

    def _price(self, record: RequestRecord) -> Price | None:
        return self._prices.get(record.model) if record.model else None

    def _tell(self, record: RequestRecord) -> None:
        for sink in self._sinks:
            sink.add(record)

    async def count_last(self) -> None:
        """Have the tokens of all requests counted; what takes too long stays an estimate."""
        await self._token_counting.close()

    async def close(self) -> None:
        """Write what still waits everywhere; at once, for each may take its time."""
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
