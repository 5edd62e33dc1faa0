"""A sampler reads a page from before the load to after it, and says why it reads none."""

import itertools
import time

import pytest

from keywords.engine.load.server_metrics import page as pages
from keywords.engine.load.server_metrics.sampler import ServerSampler
from keywords.engine.scripted.script import Script
from utest.keywords.engine.load.servers import raw_server


def page(in_flight):
    return Script(body=f"llamacpp:requests_processing {in_flight}\n".encode())


def test_the_first_and_the_last_page_are_read(scripted):
    scripted.play(page(0), page(3), path="/metrics")
    with ServerSampler(scripted.url, every_s=60) as sampler:
        pass
    values = sampler.values("in_flight")
    assert [value.value for value in values] == [0, 3]
    assert values[0].at_s < values[1].at_s
    assert sampler.problem is None


def test_pages_in_between_are_read_in_turn(scripted):
    scripted.play(*map(page, range(4)), path="/metrics")
    with ServerSampler(scripted.url, every_s=0.01) as sampler:
        scripted.await_requests(lambda _: len(scripted.requests) > 3, 5)
    assert [value.value for value in sampler.values()][:4] == [0, 1, 2, 3]


def test_a_server_without_the_page_is_named(scripted):
    with ServerSampler(scripted.url) as sampler:
        pass
    assert sampler.problem == "/metrics answered 404"
    assert sampler.values() == []


def test_a_server_that_is_gone_is_named():
    with ServerSampler("http://127.0.0.1:9") as sampler:
        pass
    assert sampler.problem == "/metrics could not be read: ConnectionRefusedError"


def test_a_page_that_fails_later_is_counted(scripted):
    scripted.play(page(1), Script(status=500), path="/metrics")
    with ServerSampler(scripted.url, every_s=60) as sampler:
        pass
    assert (sampler.problem, sampler.missed, len(sampler.values())) == (None, 1, 1)


def test_the_key_is_sent(scripted):
    scripted.play(page(1), path="/metrics")
    with ServerSampler(scripted.url, api_key="qa-key", every_s=60):
        pass
    assert scripted.requests[0].headers["authorization"] == "Bearer qa-key"


@pytest.mark.parametrize("line", [b"vllm:num_requests_running{a=b} 5", b"vllm:num_requests_running five"])
def test_a_page_in_another_format_is_named(scripted, line):
    scripted.play(Script(body=line + b"\n"), path="/metrics")
    with ServerSampler(scripted.url, every_s=60) as sampler:
        pass
    assert sampler.values() == []
    assert sampler.problem.startswith("/metrics is not in Prometheus' format: ")


ENDLESS = {
    "headers": itertools.repeat(b"x-a: " + b"a" * 60_000 + b"\r\n"),
    "interim answers": itertools.repeat(b"\r\nHTTP/1.1 100 Continue\r\n" * 100),
    "body": itertools.chain([b"\r\n"], itertools.repeat(b"vllm:num_requests_running 1\n" * 1000)),
}


@pytest.mark.parametrize("pieces", ENDLESS.values(), ids=ENDLESS)
def test_a_page_that_never_ends_is_given_up(monkeypatch, pieces):
    monkeypatch.setattr(pages, "LIMIT_S", 0.5)
    monkeypatch.setattr(pages, "LONGEST", 500_000)
    with raw_server(itertools.chain([b"HTTP/1.1 200 OK\r\n"], pieces)) as (url, _), ServerSampler(url) as sampler:
        pass
    assert sampler.problem.startswith("/metrics could not be read: ")


def test_a_page_that_comes_byte_by_byte_is_given_up(monkeypatch, slowly):
    monkeypatch.setattr(pages, "LIMIT_S", 0.2)
    with raw_server(slowly(b"HTTP/1.1 200 OK\r\n", every_s=0.05)) as (url, _), ServerSampler(url) as sampler:
        pass
    assert sampler.problem == "/metrics could not be read: TimeoutError"


@pytest.fixture
def slowly():
    def pieces(data, every_s):
        yield from (data[at : at + 1] for at in range(len(data)) if not time.sleep(every_s))

    return pieces
