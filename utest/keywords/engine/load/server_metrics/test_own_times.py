"""A server's own histograms are told as bounds of what they grew by during the load."""

from keywords.engine.load.server_metrics.own_times import own_times, own_times_remarks
from keywords.engine.load.server_metrics.sampler import ServerSampler
from keywords.engine.scripted.script import Script

NAME = "vllm:inter_token_latency_seconds"


def page(low, high, name=NAME):
    lines = (f'{name}_bucket{{le="0.01"}} {low}', f'{name}_bucket{{le="+Inf"}} {high}', f"{name}_sum 1", "other 3")
    return "\n".join(("# TYPE x histogram", *lines, "")).encode()


def told(before, after):
    return list(own_times_remarks(own_times(before, after)))


def test_only_what_came_during_the_load_counts():
    assert told(page(0, 50), page(59, 109)) == [
        f"p50 of the server's own {NAME}: below resolution: at most 0.01 s, of 59 values"
    ]


def test_a_histogram_that_began_during_the_load_began_at_nothing():
    assert told(b"other 1\n", page(0, 6)) == [f"p50 of the server's own {NAME}: above 0.01 s, of 6 values"]


def test_a_server_without_requests_or_with_too_few_tells_nothing():
    assert told(page(5, 5), page(5, 5)) == []
    assert told(page(0, 0), page(4, 4)) == []


def test_a_server_that_began_anew_tells_nothing():
    assert told(page(90, 90), page(20, 20)) == []


def test_other_histograms_are_not_told():
    assert told(page(0, 0, "t_seconds"), page(9, 9, "t_seconds")) == []


def test_the_sampler_reads_the_growth_from_its_first_to_its_last_page(scripted):
    scripted.play(Script(body=page(1, 1)), Script(body=page(8, 8)), path="/metrics")
    with ServerSampler(scripted.url, every_s=60) as sampler:
        pass
    assert sampler.times()[NAME].n == 7


def test_the_sampler_of_a_page_that_is_no_page_says_so(scripted):
    bad = f"{NAME}_bucket{{le=1}} x\n".encode()
    scripted.play(Script(body=bad), path="/metrics")
    with ServerSampler(scripted.url, every_s=60) as sampler:
        pass
    assert sampler.times() == {}
    assert sampler.problem.startswith("/metrics is not in Prometheus' format")
