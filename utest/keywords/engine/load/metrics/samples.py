"""Samples whose metrics are known by hand, for the tests of this folder and its neighbours."""

from array import array

from keywords.engine.load.metrics.summary import Summary
from keywords.engine.load.sample import Sample
from keywords.engine.load.storage.columns import columns_of


def answer(at=0.0, *, first=0.1, chunks=4, gap=0.05, tokens=None, **changes):
    """A streamed answer: chunks with text, and its end 10 ms after the last."""
    times = [at + first + gap * number for number in range(chunks)]
    moments = {"t_intended": at, "t_queued": at, "t_sent": at, "t_first_byte": at + first - 0.02}
    texts = {
        "t_first_content": times[0],
        "t_last_content": times[-1],
        "chunk_times": array("d", times),
        "t_done": times[-1] + 0.01,
    }
    facts = {"item": 0, "streamed": True, "status": 200, "output_tokens": tokens or chunks, "tokens_source": "usage"}
    return Sample(**{**facts, **moments, **texts, **changes})


def failure(at=0.0, error="server_error", **changes):
    return Sample(**{"item": 0, "t_intended": at, "t_sent": at, "t_done": at + 0.5, "error": error, **changes})


def cancelled(at=0.0, **changes):
    return Sample(**{"item": 0, "t_intended": at, "t_sent": at, "t_done": at + 9, "cancelled": True, **changes})


def summary(*samples, windows=()):
    return Summary(columns_of(samples, windows))
