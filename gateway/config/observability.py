"""The tables `[log]`, `[ledger]`, `[metrics]`, `[otel]` and `[prices]` of the configuration."""

# ruff: file-ignore[TC003]
# Pydantic reads the annotations when the module is loaded.

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from gateway.config.section import Seconds, Section

# One token at a dollar per million costs 1e-6; this resolves a ten-thousandth of it.
COST_DECIMALS = 10


class LogConfig(Section):
    """The request log on standard error.

    Attributes:
        contents: whether the log holds prompts and answers; it never holds keys.
        contents_bytes: the most bytes of each.
    """

    contents: bool = False
    contents_bytes: int = Field(default=65_536, ge=1, le=1 << 24)


class LedgerConfig(Section):
    """The request ledger, an SQLite file.

    Attributes:
        path: created if it does not exist; unset, there is no ledger.
        queue: how many requests may wait for the writer; further ones are dropped and counted.
    """

    path: Path | None = None
    queue: int = Field(default=20_000, ge=1)


class MetricsConfig(Section):
    """`GET /metrics` for Prometheus.

    Attributes:
        require_key: whether a client's key is needed. By default it is not, as for `/health`: the page holds names of
            models and backends and sums over all clients, but nothing of a single request.
    """

    enabled: bool = True
    require_key: bool = False


class OtelConfig(Section):
    """OpenTelemetry; it needs the extra `otel`.

    Attributes:
        endpoint: base address of an OTLP/HTTP receiver, to which `/v1/traces` and `/v1/metrics` are appended; unset,
            there is no export.
        service_name: the resource attribute `service.name`.
        metrics_interval_s: how often metrics are sent.
        queue: how many requests may wait for the export; further ones are dropped and counted.
    """

    endpoint: str | None = Field(default=None, pattern=r"^https?://[^/\s@]+(/[^\s?#]*)?$")
    service_name: str = Field(default="llm-gateway", min_length=1)
    metrics_interval_s: Seconds = 15.0
    queue: int = Field(default=20_000, ge=1)


class Price(Section):
    """The price of a model's tokens, in US dollars per million.

    Attributes:
        input_per_million: prompt tokens.
        output_per_million: completion tokens.
        cached_input_per_million: prompt tokens from the backend's cache; unset, it is `input_per_million`.
    """

    input_per_million: float = Field(ge=0)
    output_per_million: float = Field(ge=0)
    cached_input_per_million: float | None = Field(default=None, ge=0)

    def of(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int = 0) -> float:
        """The price in dollars, rounded to ten decimals; `cached_tokens` are part of `prompt_tokens`."""
        per_million = prompt_tokens * self.input_per_million + completion_tokens * self.output_per_million
        if cached_tokens and self.cached_input_per_million is not None:
            per_million += cached_tokens * (self.cached_input_per_million - self.input_per_million)
        return round(per_million / 1e6, COST_DECIMALS)
