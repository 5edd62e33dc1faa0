"""Definitions: what other load generators' metrics are in this project's terms, as a table.

A metric keeps our name only if it measures the same thing; where its moments or its average differ, `differs` says how,
and the sentence is kept with every run that has a value of it. What has no name of ours is listed as not mapped.

Sources: AIPerf 0.13.0 (`aiperf/metrics/types`), GuideLLM 0.8.1 (`schemas/base/request_stats.py` and
`benchmark/schemas/generative/metrics.py`), vLLM 009e6d4 (`vllm/benchmarks/serve.py`), Locust 2.47.0
(`locust/stats.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from keywords.engine.load.imported.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Mapping

Tool = Literal["aiperf", "guidellm", "vllm", "locust"]
Unit = Literal["ms", "s", "%", "1", "tokens", "1/s", "tokens/s"]

_OUR_UNITS: Final[Mapping[Unit, tuple[float, Unit]]] = {"ms": (1e-3, "s"), "%": (1e-2, "1")}
"""To seconds, and to shares from 0 to 1; all else stays."""

_CONNECTING = "a new connection's set-up is part of it"
_LAST_TEXT = "it ends with the last text, ours with the end of the answer"
_WHOLE_TIME = "over the whole time, the last answers' tail included"
_BY_TOKENIZER = "tokens by the tool's tokenizer, unless it is told to take the server's"


@dataclass(frozen=True, slots=True)
class Definition:
    """A metric of another tool.

    Attributes:
        theirs: its name in the tool's file.
        unit: in the file.
        ours: our name for it; None if no metric of ours measures this.
        differs: how it differs from ours, or why it is none of ours; empty if it is the same.
    """

    theirs: str
    unit: Unit
    ours: str | None
    differs: str = ""

    def figure(self, statistic: str, value: float, stage: int = 0) -> Figure:
        """A value of the file as a figure: under our name in our unit, else as it is."""
        if self.ours is None or statistic == "n":
            return Figure(stage, self.theirs, self.ours, statistic, value, self.unit)
        scale, unit = _OUR_UNITS.get(self.unit, (1.0, self.unit))
        return Figure(stage, self.theirs, self.ours, statistic, value * scale, unit)


DEFINITIONS: Final[Mapping[Tool, tuple[Definition, ...]]] = {
    "aiperf": (
        Definition("time_to_first_token", "ms", "ttft_first_content", _CONNECTING),
        Definition("request_latency", "ms", "e2e", f"{_LAST_TEXT}; {_CONNECTING}"),
        Definition("inter_token_latency", "ms", "tpot_excl_first"),
        Definition("inter_chunk_latency", "ms", "chunk_gap"),
        Definition(
            "effective_latency", "ms", "e2e_from_intended", f"it begins when AIPerf had a free slot; {_LAST_TEXT}"
        ),
        Definition("credit_to_start_latency", "ms", "send_lag", "it begins when AIPerf had a free slot"),
        Definition("output_sequence_length", "tokens", "output_length", _BY_TOKENIZER),
        Definition("e2e_output_token_throughput", "tokens/s", "output_tokens_per_s", _LAST_TEXT),
        Definition("request_throughput", "1/s", "rps", "from the first request to the last answer"),
        Definition("output_token_throughput", "tokens/s", "total_output_tokens_per_s", _WHOLE_TIME),
        Definition("request_error_rate", "%", "error_rate"),
        Definition("time_to_first_output_token", "ms", None, "reasoning does not count as text"),
        Definition("output_token_throughput_per_user", "tokens/s", None, "it is 1 / inter_token_latency"),
        Definition("time_to_second_token", "ms", None, "the gap after the first chunk alone"),
    ),
    "guidellm": (
        Definition("time_to_first_token_ms", "ms", "ttft_first_content", _CONNECTING),
        Definition("request_latency", "s", "e2e", _CONNECTING),
        Definition(
            "inter_token_latency_ms",
            "ms",
            "tpot_excl_first_by_token",
            "percentiles are weighted by tokens too, where ours are of requests",
        ),
        Definition("output_token_count", "tokens", "output_length", "tokens without usage are counted by chunks"),
        Definition("requests_per_second", "1/s", "rps", "the mean of rates at moments; their percentiles are not ours"),
        Definition(
            "output_tokens_per_second",
            "tokens/s",
            "total_output_tokens_per_s",
            "tokens are spread over a stream",
        ),
        Definition("time_per_output_token_ms", "ms", None, "it includes the time to the first token"),
        Definition("time_to_first_output_token_ms", "ms", None, "reasoning does not count as text"),
        Definition("request_concurrency", "1", None, "requests under way, which is set here"),
        Definition("prompt_token_count", "tokens", None, "no metric of the answer"),
        Definition("tokens_per_second", "tokens/s", None, "prompts are included"),
    ),
    "vllm": (
        Definition(
            "ttft",
            "ms",
            "ttft_first_byte",
            f"it ends with the first chunk that has `choices`, be it a bare role: a comment before it does not count; "
            f"{_CONNECTING}",
        ),
        Definition("e2el", "ms", "e2e", f"it ends with the last chunk that has `choices`; {_CONNECTING}"),
        Definition(
            "tpot",
            "ms",
            "tpot_excl_first",
            "from the first to the last chunk that has `choices`, role and finish too",
        ),
        Definition("itl", "ms", "chunk_gap", "between chunks that have `choices`, role and finish included"),
        Definition(
            "e2el_including_client_queue", "ms", "e2e_from_intended", "it ends with the last chunk that has `choices`"
        ),
        Definition("client_queue_time", "ms", "send_lag"),
        Definition("request_throughput", "1/s", "rps", _WHOLE_TIME),
        Definition("output_throughput", "tokens/s", "total_output_tokens_per_s", f"{_WHOLE_TIME}; {_BY_TOKENIZER}"),
        Definition("request_goodput", "1/s", None, "its levels do not stand in the file"),
        Definition("total_token_throughput", "tokens/s", None, "prompts are included"),
        Definition("max_output_tokens_per_s", "tokens/s", None, "it counts each chunk as one token"),
        Definition("max_concurrent_requests", "1", None, "requests under way, which is set here"),
    ),
    "locust": (
        Definition(
            "Response Time",
            "ms",
            "e2e",
            "failed requests count too; it ends when the locustfile's request returns, which for a stream "
            "that it reads itself is after the head; percentiles are rounded to two digits",
        ),
        Definition("Requests/s", "1/s", "rps", "failed requests count too"),
        Definition("Failures/s", "1/s", None, "error_rate stands for it"),
        Definition("Average Content Size", "1", None, "bytes of the body, which is no metric here"),
    ),
}
"""The metrics of each tool. What a file has besides is named at import as not mapped."""
NAMES: Final[Mapping[Tool, str]] = {
    "aiperf": "AIPerf",
    "guidellm": "GuideLLM",
    "vllm": "vllm bench serve",
    "locust": "Locust",
}
"""What people call each tool."""
