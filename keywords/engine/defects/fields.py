"""Servers that ignore or weaken a field of the request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keywords.engine.defects.changes import on_fields, without
from keywords.engine.defects.defect import Defect

if TYPE_CHECKING:
    from keywords.engine.defects.changes import Fields


def _first_stop_only(fields: Fields) -> None:
    if isinstance(fields.get("stop"), list):
        fields["stop"] = fields["stop"][:1]


def _without_usage(fields: Fields) -> None:
    if isinstance(fields.get("stream_options"), dict):
        fields["stream_options"].pop("include_usage", None)


def _any_object(fields: Fields) -> None:
    if isinstance(form := fields.get("response_format"), dict) and form.get("type") == "json_schema":
        fields["response_format"] = {"type": "json_object"}


FIELDS: Final = (
    Defect(
        "tools ignored",
        "An agent never calls its tools, and answers from imagination.",
        ("FLDS-001",),
        without("tools", "tool_choice", "parallel_tool_calls"),
        ("request.tools", "request.tool_choice", "request.parallel_tool_calls"),
    ),
    Defect(
        "tool choice ignored",
        "A tool that must be called is called only if the model likes.",
        ("FLDS-001",),
        without("tool_choice"),
        ("request.tool_choice",),
    ),
    Defect(
        "response format ignored",
        "A program that parses the answer as JSON breaks.",
        ("FLDS-003", "FLDS-004"),
        without("response_format"),
        ("request.response_format",),
    ),
    Defect(
        "schema of the response format ignored",
        "The answer is JSON, but of another shape than was agreed.",
        ("FLDS-003",),
        on_fields(_any_object),
        ("request.response_format",),
    ),
    Defect(
        "stop ignored",
        "Text runs on past the mark at which it was to end.",
        ("FLDS-012", "LIMT-004"),
        without("stop"),
        ("request.stop",),
    ),
    Defect(
        "only the first stop text obeyed",
        "Text runs on past the second mark.",
        ("FLDS-012",),
        on_fields(_first_stop_only),
        ("request.stop",),
    ),
    Defect(
        "seed ignored",
        "A result cannot be repeated.",
        ("DETM-002", "FLDS-016"),
        without("seed"),
        ("request.seed",),
    ),
    Defect(
        "temperature ignored",
        "An extraction at temperature 0 differs from call to call.",
        ("DETM-001", "DETM-003", "FLDS-014", "FLDS-016", "STRM-002"),
        without("temperature"),
        ("request.temperature",),
    ),
    Defect(
        "max_tokens ignored",
        "Answers become long, slow and dear.",
        ("FLDS-019", "LIMT-001"),
        without("max_tokens"),
        ("request.max_tokens",),
    ),
    Defect(
        "max_completion_tokens ignored",
        "Clients with the newer name of the limit get long, slow and dear answers.",
        ("FLDS-019", "LIMT-003"),
        without("max_completion_tokens"),
        ("request.max_completion_tokens",),
    ),
    Defect(
        "n ignored",
        "One answer comes where several were asked for.",
        ("FLDS-011",),
        without("n"),
        ("request.n",),
    ),
    Defect(
        "logprobs ignored",
        "A classifier that reads probabilities gets none.",
        ("FLDS-013",),
        without("logprobs", "top_logprobs"),
        ("request.logprobs", "request.top_logprobs"),
    ),
    Defect(
        "alternatives of logprobs ignored",
        "Probabilities come without the alternatives that they are compared with.",
        ("FLDS-013",),
        without("top_logprobs"),
        ("request.top_logprobs",),
    ),
    Defect(
        "logit_bias ignored",
        "Tokens that were ruled out appear.",
        ("FLDS-015",),
        without("logit_bias"),
        ("request.logit_bias",),
    ),
    Defect(
        "include_usage ignored",
        "Streams are billed by guess.",
        ("STRM-003", "SDKC-002", "ANSW-011"),
        on_fields(_without_usage),
        ("request.stream_options",),
    ),
    Defect(
        "stream ignored",
        "The client waits for the whole answer, and its parser of events finds none.",
        ("FLDS-018", "STRM-001", "STRM-004", "ANSW-005"),
        without("stream", "stream_options"),
        ("request.stream", "request.stream_options"),
    ),
)
