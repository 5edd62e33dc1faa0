"""Definitions: what each metric of a request is, under a name that means nothing else.

Tools use one name for different numbers: what vLLM calls ITL is `chunk_gap` here, and what aiperf calls ITL, vLLM TPOT
and guidellm ITL is `tpot_excl_first`; guidellm's TPOT includes the time to the first token and is nothing here.

Each function takes n samples and gives n values, nan where a request has none. Only whole answers have values: failed
requests are counted beside them, cancelled ones are neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from keywords.engine.load.storage.columns import SampleColumns

    Values = NDArray[np.float64]

FEWEST_TOKENS = 2
"""An answer of fewer tokens has no time per token after the first."""


def ttft_first_byte(samples: SampleColumns) -> Values:
    """Seconds from the sending of the request to the first byte of the answer's body.

    Source: k6's `http_req_waiting`, but for the body instead of the head; a role chunk or a comment ends it.
    """
    return _of_answers(samples, samples.t_first_byte - samples.t_sent)


def ttft_first_content(samples: SampleColumns) -> Values:
    """Seconds from the sending of the request to the first generated text, reasoning included; of streams only.

    Source: aiperf's and guidellm's TTFT. vLLM's ends at the first chunk with `choices`, which may hold a bare role.
    """
    return _of_streams(samples, samples.t_first_content - samples.t_sent)


def e2e(samples: SampleColumns) -> Values:
    """Seconds from the sending of the request to the end of the answer.

    Source: guidellm's and inference-perf's request latency. aiperf's ends at the last text.
    """
    return _of_answers(samples, samples.t_done - samples.t_sent)


def ttft_first_byte_from_intended(samples: SampleColumns) -> Values:
    """As `ttft_first_byte`, from the moment when the request was to be sent; it charges the client's own queue.

    Source: G. Tene's wrk2, MLPerf LoadGen: latency from the scheduled time, against coordinated omission.
    """
    return _of_answers(samples, samples.t_first_byte - samples.t_intended)


def ttft_first_content_from_intended(samples: SampleColumns) -> Values:
    """As `ttft_first_content`, from the moment when the request was to be sent. Source: as above."""
    return _of_streams(samples, samples.t_first_content - samples.t_intended)


def e2e_from_intended(samples: SampleColumns) -> Values:
    """As `e2e`, from the moment when the request was to be sent. Source: as above."""
    return _of_answers(samples, samples.t_done - samples.t_intended)


def send_lag(samples: SampleColumns) -> Values:
    """Seconds from the moment when a request was to be sent to when it was; of the client, not of the server.

    Source: guidellm's `targeted_start`, inference-perf's `schedule_delay`.
    """
    return samples.t_sent - samples.t_intended


def tpot_excl_first(samples: SampleColumns) -> Values:
    """Seconds of each token after the first: (last text - first text) / (tokens - 1); of streams of 2 tokens or more.

    Where the first chunk holds several tokens, this is a little low: all but one of its tokens are counted as later.

    Source: vLLM's TPOT, aiperf's ITL, guidellm's ITL, inference-perf's TPOT.
    """
    tokens = np.where(samples.output_tokens >= FEWEST_TOKENS, samples.output_tokens, np.nan)
    return _of_streams(samples, (samples.t_last_content - samples.t_first_content) / (tokens - 1))


def output_tokens_per_s(samples: SampleColumns) -> Values:
    """Output tokens of one answer per second of its whole time; what one user sees, waiting for the first included.

    Source: llmperf's request output throughput.
    """
    return _of_answers(samples, samples.output_tokens / (samples.t_done - samples.t_sent))


def output_length(samples: SampleColumns) -> Values:
    """Output tokens of one answer, by the server's usage; by chunks, an estimate, where there is none.

    Source: OpenAI's API reference, `usage.completion_tokens`.
    """
    return _of_answers(samples, samples.output_tokens)


DEFINITIONS: Final[Mapping[str, Callable[[SampleColumns], Values]]] = {
    each.__name__: each
    for each in (
        ttft_first_byte,
        ttft_first_content,
        e2e,
        ttft_first_byte_from_intended,
        ttft_first_content_from_intended,
        e2e_from_intended,
        send_lag,
        tpot_excl_first,
        output_tokens_per_s,
        output_length,
    )
}
"""The metrics of a request by name. `chunk_gap` has many values a request; see `chunks`."""
LATENCIES: Final = frozenset(name for name in DEFINITIONS if name.startswith(("ttft", "e2e", "tpot")))
"""Metrics of which a failed request's value is infinite."""


def _of_answers(samples: SampleColumns, values: Values) -> Values:
    return np.where(samples.answered, values, np.nan)


def _of_streams(samples: SampleColumns, values: Values) -> Values:
    return np.where(samples.answered & samples.streamed, values, np.nan)
