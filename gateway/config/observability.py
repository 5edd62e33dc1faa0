"""The tables of the configuration about what the gateway tells: `[ledger]`, `[metrics]`, `[otel]` and prices."""

# ruff: file-ignore[TC003]
# Pydantic reads the annotations when the module is loaded.

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from gateway.config.section import Seconds, Section

# A ten-thousandth of the price of one token at a dollar per million.
COST_DECIMALS = 10


class LogConfig(Section):
    """The log on standard error.

    Attributes:
        contents: whether prompts and answers stand in the lines of requests; keys never do.
        contents_bytes: at most so much of each.
    """

    contents: bool = False
    contents_bytes: int = Field(default=65_536, ge=1, le=1 << 24)


class LedgerConfig(Section):
    """The request ledger, an SQLite file; there is one if it has a path.

    Attributes:
        path: made if it does not exist.
        queue: how many requests may wait for the writer; further ones are counted as dropped, not waited for.
    """

    path: Path | None = None
    queue: int = Field(default=20_000, ge=1)


class MetricsConfig(Section):
    """`GET /metrics` for Prometheus.

    Attributes:
        require_key: whether one of the clients' keys is needed. It is not, as for `/health`: the page holds the names
            of models and backends and sums over all clients, but nothing of a single request.
    """

    enabled: bool = True
    require_key: bool = False


class OtelConfig(Section):
    """OpenTelemetry; there is some if it has an endpoint, which needs the extra `otel`.

    Attributes:
        endpoint: base address of an OTLP/HTTP receiver; `/v1/traces` and `/v1/metrics` are appended.
        service_name: the resource attribute `service.name`.
        metrics_interval_s: how often metrics are sent.
        queue: how many requests may wait for being sent; further ones are counted as dropped.
    """

    endpoint: str | None = Field(default=None, pattern=r"^https?://[^/\s@]+(/[^\s?#]*)?$")
    service_name: str = Field(default="llm-gateway", min_length=1)
    metrics_interval_s: Seconds = 15.0
    queue: int = Field(default=20_000, ge=1)


class Price(Section):
    """What a model's tokens cost, in US dollars per million.

    Attributes:
        input_per_million: tokens of prompts.
        output_per_million: tokens of answers.
        cached_input_per_million: tokens of prompts that the backend found in its cache; unset, as `input_per_million`.
    """

    input_per_million: float = Field(ge=0)
    output_per_million: float = Field(ge=0)
    cached_input_per_million: float | None = Field(default=None, ge=0)

    def of(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int = 0) -> float:
        """Dollars for so many tokens, to ten decimals; `cached_tokens` are some of `prompt_tokens`."""
        per_million = prompt_tokens * self.input_per_million + completion_tokens * self.output_per_million
        if cached_tokens and self.cached_input_per_million is not None:
            per_million += cached_tokens * (self.cached_input_per_million - self.input_per_million)
        return round(per_million / 1e6, COST_DECIMALS)
