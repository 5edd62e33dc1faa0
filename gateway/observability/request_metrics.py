"""The metrics of a finished request: one table, which `/metrics` and OpenTelemetry both read.

Names follow OpenTelemetry's semantic conventions for generative AI where they have one (gen_ai.server.request.duration,
gen_ai.server.time_to_first_token, gen_ai.client.token.usage, with their advised buckets). In Prometheus they have the
form that OpenTelemetry's exporter writes. Labels take few values only: operations, configured models and backends,
status classes, error codes; never a key, a request id or a path.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from gateway.operations import EMBEDDINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.request.record import RequestRecord

    FactsTuple = tuple[str, str | None, str | None, int, str | None, str | None]
    Reader = Callable[[RequestRecord], float | None]

_BAD = int(HTTPStatus.BAD_REQUEST)


class Facts(NamedTuple):
    """The facts about a request that labels may show, in the order of `facts_of`."""

    operation: str
    model: str | None
    backend: str | None
    status: int
    token_source: str | None
    code: str | None


def facts_of(record: RequestRecord) -> FactsTuple:
    """The `Facts` of a finished request as a plain tuple, which takes half the time to make."""
    source = record.usage.source if record.usage else None
    code = record.code or ("none" if record.status >= _BAD else None)
    return record.operation.name, record.model, record.backend, record.status, source, code


@dataclass(frozen=True, slots=True)
class Label:
    """One label.

    Attributes:
        name: in Prometheus.
        otlp_name: in OpenTelemetry.
        read: returns its value for a request. None: no metric with this label is recorded for the request.
    """

    name: str
    otlp_name: str
    read: Callable[[Facts], str | None]


@dataclass(frozen=True, slots=True)
class Otlp:
    """A metric in OpenTelemetry.

    Attributes:
        name: dotted.
        unit: in UCUM (unitsofmeasure.org).
        labels: in place of those in Prometheus, where they differ.
    """

    name: str
    unit: str
    labels: tuple[Label, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric; token usage has one for each token type, under the same name.

    Attributes:
        name: in Prometheus, without `_total`.
        help: its description.
        labels: of its series.
        read: returns its value for a request, None if there is none; a metric without `read` counts requests.
        bounds: upper bounds of a histogram's buckets; a metric without them is a sum.
        otlp: its histogram in OpenTelemetry, if it has one there.
    """

    name: str
    help: str
    labels: tuple[Label, ...]
    read: Reader | None = None
    bounds: Sequence[float] = ()
    otlp: Otlp | None = None


def label_values(labels: Sequence[Label], facts: Facts) -> tuple[str, ...] | None:
    """The values of these labels for a request; None if any of them is missing."""
    values = tuple(value for label in labels if (value := label.read(facts)) is not None)
    return values if len(values) == len(labels) else None


OPERATION = Label("gen_ai_operation_name", "gen_ai.operation.name", lambda facts: facts.operation)
MODEL = Label("gen_ai_request_model", "gen_ai.request.model", lambda facts: facts.model)
BACKEND = Label("gateway_backend", "gateway.backend", lambda facts: facts.backend or "none")
STATUS_CLASS = Label("status_class", "status_class", lambda facts: f"{facts.status // 100}xx")
TOKEN_SOURCE = Label("gateway_token_source", "gateway.tokens_source", lambda facts: facts.token_source)
INPUT = Label("gen_ai_token_type", "gen_ai.token.type", lambda _: "input")
OUTPUT = Label("gen_ai_token_type", "gen_ai.token.type", lambda _: "output")
CODE = Label("code", "error.type", lambda facts: facts.code)

_INPUT_TOKENS = Metric(
    name="gen_ai_client_token_usage",
    help="Tokens of a request; gateway_token_source says who counted them: the backend, the model's tokenizer "
    "afterwards, or nobody (estimate).",
    labels=(OPERATION, MODEL, BACKEND, INPUT, TOKEN_SOURCE),
    read=lambda record: record.usage.prompt_tokens if record.usage else None,
    bounds=tuple(float(4**power) for power in range(14)),
    otlp=Otlp("gen_ai.client.token.usage", "{token}"),
)
_OUTPUT_TOKENS = replace(
    _INPUT_TOKENS,
    labels=(OPERATION, MODEL, BACKEND, OUTPUT, TOKEN_SOURCE),
    read=lambda record: record.usage.completion_tokens if record.usage and record.operation is not EMBEDDINGS else None,
)
METRICS = (
    Metric(
        name="gen_ai_server_request_duration_seconds",
        help="From a request's arrival to its last byte.",
        labels=(OPERATION, MODEL, BACKEND, STATUS_CLASS),
        read=lambda record: record.duration_s,
        bounds=tuple(0.01 * 2**power for power in range(14)),
        otlp=Otlp("gen_ai.server.request.duration", "s"),
    ),
    Metric(
        name="gen_ai_server_time_to_first_token_seconds",
        help="From a request's arrival to the first event of its stream.",
        labels=(OPERATION, MODEL, BACKEND),
        read=lambda record: record.first_event_s,
        bounds=(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0),
        otlp=Otlp("gen_ai.server.time_to_first_token", "s"),
    ),
    _INPUT_TOKENS,
    _OUTPUT_TOKENS,
    Metric(
        name="gateway_time_seconds",
        help="The gateway's own time for a request, its event loop's queue included, backends left out.",
        labels=(MODEL,),
        read=lambda record: record.gateway_us / 1e6,
        bounds=(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0),
        otlp=Otlp("gateway.time", "s", labels=(OPERATION, MODEL, BACKEND)),
    ),
    Metric(
        name="gateway_requests",
        help="API requests by class of status.",
        labels=(STATUS_CLASS,),
    ),
    Metric(
        name="gateway_errors",
        help="Refusals and failures by the error's code.",
        labels=(CODE,),
    ),
    Metric(
        name="gateway_cost_usd",
        help="Price of all tokens in US dollars.",
        labels=(MODEL,),
        read=lambda record: record.cost_usd or None,
    ),
)
FAMILIES = tuple({metric.name: metric for metric in METRICS}.values())
"""One metric for each name."""
