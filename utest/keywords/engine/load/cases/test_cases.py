"""Each case agrees with the load engine, and finds what a wrong engine would say."""

from array import array
from dataclasses import replace

import pytest

from keywords.engine.load.cases.play import CASES, measure_part
from keywords.engine.load.metrics.summary import Summary
from keywords.engine.load.server_metrics import histogram
from keywords.engine.load.storage.columns import columns_of
from keywords.engine.scripted.backend import ScriptedBackend

_MEASURED = {}


@pytest.fixture(scope="module")
def server():
    backend = ScriptedBackend()
    backend.start()
    yield backend
    backend.stop()


@pytest.fixture
def measure(server):
    """Measure a part of a case once for all tests."""

    def measured(name, part):
        if (name, part) not in _MEASURED:
            _MEASURED[name, part] = measure_part(CASES[name].parts[part], server)
        return _MEASURED[name, part]

    return measured


def wrong(name, part, measured):
    return [each.what for each in CASES[name].parts[part].check(measured) if not each.machine]


def with_samples(measured, samples):
    samples = tuple(samples)
    return replace(measured, samples=samples, numbers=Summary(columns_of(samples)))


def of_script(number, of, **changes):
    """A mutation of the samples of one script; a change that is a function is applied to the sample."""

    def change(sample):
        return {name: made(sample) if callable(made) else made for name, made in changes.items()}

    def mutate(measured):
        return with_samples(
            measured,
            (replace(each, **change(each)) if each.item % of == number else each for each in measured.samples),
        )

    return mutate


def each_sample(**changes):
    """The same of every sample."""
    return of_script(0, 1, **changes)


def without(measured, unwanted):
    return with_samples(measured, (sample for sample in measured.samples if not unwanted(sample)))


def spread(sample):
    """The chunk times as a mean gap would have them."""
    first, last, count = sample.chunk_times[0], sample.chunk_times[-1], len(sample.chunk_times)
    return array("d", (first + (last - first) * number / (count - 1) for number in range(count)))


class OneMean(Summary):
    """Gives the mean of the requests under both names."""

    def mean(self, _metric, _stage=None):
        return super().mean("tpot_excl_first")


MUTATIONS = [
    ("early_role", 0, "the role is content", each_sample(t_first_content=lambda s: s.t_first_byte)),
    ("early_role", 0, "the role is a chunk", each_sample(text_chunks=lambda s: s.text_chunks + 1)),
    ("four_tokens_a_chunk", 0, "a chunk is a token", each_sample(output_tokens=lambda s: s.text_chunks)),
    ("split_and_joined_writes", 0, "text is lost at a cut", each_sample(text_length=lambda s: s.text_length - 1)),
    (
        "split_and_joined_writes",
        0,
        "a chunk has the time of its first byte",
        of_script(0, 2, chunk_times=lambda s: array("d", [s.t_first_byte, *s.chunk_times[:-1]])),
    ),
    ("crlf", 0, "an event is cut at CR", each_sample(text_chunks=0, chunk_times=array("d"))),
    ("comments", 0, "a comment is content", of_script(1, 2, t_first_content=lambda s: s.t_first_byte)),
    ("no_usage", 0, "an estimate is called usage", each_sample(tokens_source="usage")),
    ("no_usage", 0, "an unknown number is 0", each_sample(prompt_tokens=0)),
    ("late_finish", 0, "the finish is content", each_sample(t_last_content=lambda s: s.t_done)),
    ("late_finish", 0, "the answer ends with its text", each_sample(t_done=lambda s: s.t_last_content)),
    ("stall_in_open_loop", 1, "latency counts from sending", each_sample(t_intended=lambda s: s.t_sent)),
    ("stall_in_open_loop", 1, "latency counts from the queue's end", each_sample(t_intended=lambda s: s.t_queued)),
    ("stall_in_open_loop", 0, "late arrivals are left out", lambda m: without(m, lambda s: s.item % 2)),
    ("keep_alive_closed", 0, "every connection is reused", each_sample(reused_connection=True)),
    ("keep_alive_closed", 0, "no connection is reused", each_sample(reused_connection=False)),
    ("keep_alive_closed", 0, "a closed connection fails", each_sample(error="cut")),
    ("error_after_200", 0, "an error is a short success", each_sample(error=None)),
    ("text_disagrees_with_usage", 0, "tokens are chunks", each_sample(output_tokens=lambda s: s.text_chunks)),
    ("text_disagrees_with_usage", 0, "no caution", lambda m: replace(m, cautions=())),
    ("two_means_of_tpot", 0, "both means are one", lambda m: replace(m, numbers=OneMean(columns_of(m.samples)))),
    ("stall_within_a_stream", 0, "gaps are means", each_sample(chunk_times=spread)),
    ("text_that_retokenises_badly", 0, "spaces collapse", each_sample(text_length=6)),
    ("text_that_retokenises_badly", 0, "each chunk has a beginning", each_sample(output_tokens=10)),
    ("ttft_is_no_gap", 0, "TPOT has the time to the first token", each_sample(t_first_content=lambda s: s.t_sent)),
    (
        "ttft_is_no_gap",
        0,
        "the time to the first chunk is a gap",
        each_sample(chunk_times=lambda s: array("d", [s.t_sent, *s.chunk_times])),
    ),
    (
        "late_clock_double_reasoning_short_success",
        0,
        "the clock is read after parsing",
        of_script(0, 4, chunk_times=lambda s: array("d", (at + n / 1e6 for n, at in enumerate(s.chunk_times)))),
    ),
    ("late_clock_double_reasoning_short_success", 0, "thoughts count twice", of_script(1, 4, output_tokens=25)),
    ("late_clock_double_reasoning_short_success", 0, "both fields count", of_script(2, 4, text_length=11)),
    ("late_clock_double_reasoning_short_success", 0, "a short success", of_script(3, 4, error=None)),
    (
        "no_stream",
        0,
        "the whole answer is the first token",
        each_sample(streamed=True, t_first_content=lambda s: s.t_done, t_last_content=lambda s: s.t_done),
    ),
    ("repeats_from_a_cache", 0, "no caution", lambda m: replace(m, cautions=())),
    ("client_is_late", 0, "the run is VALID", lambda m: replace(m, invalid=())),
    ("counts_agree", 0, "failures are left out", lambda m: without(m, lambda s: s.error)),
    ("counts_agree", 0, "a cut is a success", each_sample(error=lambda s: None if s.error == "cut" else s.error)),
    ("half_failed", 0, "only survivors count", lambda m: without(m, lambda s: s.error)),
    ("half_failed", 0, "failures are successes", each_sample(error=None)),
    ("mean_falls_as_load_rises", 0, "stages are one population", each_sample(stage=0)),
]


@pytest.mark.parametrize("name", CASES)
def test_the_engine_is_right(name, measure):
    found = {part: wrong(name, part, measure(name, part)) for part in range(len(CASES[name].parts))}
    assert found == {part: [] for part in found}


@pytest.mark.parametrize(
    ("name", "part", "mutate"),
    [(name, part, mutate) for name, part, _, mutate in MUTATIONS],
    ids=[f"{name}: {what}" for name, _, what, _ in MUTATIONS],
)
def test_a_wrong_engine_is_found(name, part, mutate, measure):
    assert wrong(name, part, mutate(measure(name, part)))


def test_a_number_made_up_within_a_bucket_is_found(measure, monkeypatch):
    monkeypatch.setattr(histogram.Bounds, "is_below_resolution", property(lambda _: False))
    assert wrong("below_the_server_s_resolution", 0, measure("below_the_server_s_resolution", 0))


def test_each_case_has_a_mutation():
    assert set(CASES) == {name for name, *_ in MUTATIONS} | {"below_the_server_s_resolution"}


def test_there_are_ten_cases_of_wires_and_thirteen_of_numbers():
    assert list(CASES).index("stall_in_open_loop") == 9
    assert len(CASES) == 23
