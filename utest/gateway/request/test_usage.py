"""The tokens and times of a request, and their sources."""

import json

import pytest

from gateway.config.observability import Price
from gateway.request import usage as metering
from gateway.request.record import RequestRecord
from gateway.request.usage import Meter, Usage


def event(**fields):
    return b"data: " + json.dumps(fields).encode() + b"\n\n"


def met(*blocks):
    meter = Meter()
    for block in blocks:
        meter.note_block(block)
    return meter


WORDS = event(choices=[{"delta": {"content": 'a "usage": {"prompt_tokens": 9} b'}}], usage=None)
COUNT = {"prompt_tokens": 3, "completion_tokens": 5}
FIELDS = {"messages": []}


def test_the_last_count_of_a_stream_is_taken():
    assert met(
        WORDS, event(choices=[], usage={**COUNT, "completion_tokens": 1}), event(choices=[], usage=COUNT)
    ).usage() == Usage(3, 5, "backend")


def test_a_count_in_one_block_with_words_before_and_nulls_after_is_found():
    assert met(WORDS + event(choices=[{}], usage=COUNT) + WORDS).usage() == Usage(3, 5, "backend")


def test_words_that_look_like_a_count_are_none():
    assert met(WORDS, WORDS).usage() is None


def test_the_timings_of_llama_cpp_count_its_cache_as_well():
    assert met(event(choices=[], timings={"prompt_n": 1, "cache_n": 7, "predicted_n": 4})).usage() == Usage(
        8, 4, "backend", 7
    )


@pytest.mark.parametrize(
    "answer",
    [
        {"usage": None},
        {"usage": {}},
        {"usage": []},
        {"usage": {"prompt_tokens": "3", "completion_tokens": 5}},
        {"usage": {"prompt_tokens": -1}},
        {"usage": {"prompt_tokens": 0, "completion_tokens": 0}},
        {"usage": {"prompt_tokens": 2**64 - 1, "completion_tokens": 5}},
        {"timings": {"prompt_n": 1, "cache_n": "7", "predicted_n": 4}},
    ],
)
def test_a_count_that_is_none_is_not_believed(answer):
    meter = Meter()
    meter.answer = answer
    assert meter.usage() is None


@pytest.mark.parametrize("counts", [(-5_000_000, 1), (1, True), (2**64 - 1, 1), (1.5, 1)])
def test_what_a_translated_backend_says_is_not_believed_either(counts):
    assert metering.usage_from_counts(*counts) is None


def test_an_attempt_begins_without_what_an_earlier_one_reported():
    meter = Meter(reported=Usage(9, 9, "backend"), answer={"choices": []}, prompt_tokens=9, hidden_bytes=9)
    meter.start_attempt()
    assert meter.usage() is None
    assert meter.estimate({"messages": []}, "messages") == Usage(0, 0, "estimate")


def test_a_wait_that_was_over_before_it_began_is_none():
    meter = Meter()
    meter.add_wait(10.0, 10.5)
    meter.add_wait(10.0, 9.0)
    assert meter.waited_s == 0.5


class Ended:
    """An attempt that ended so."""

    def __init__(self, outcome):
        self.outcome = outcome


def settled(status=200, price=None, **fields):
    record = RequestRecord("id", "POST", "/v1/chat/completions", status=status, **fields)
    record.settle(0.0, price)
    return record


def test_a_price_is_of_a_million_tokens():
    meter = Meter(reported=Usage(1000, 500, "backend"))
    price = Price(input_per_million=0.15, output_per_million=0.6)
    record = settled(request_fields=FIELDS, attempts=[...], meter=meter, price=price)
    assert record.cost_usd == 0.00045


@pytest.mark.parametrize(
    ("cached", "price", "cost"),
    [
        (800, 0.015, 0.000342),
        (800, None, 0.00045),
        (5000, 0.015, 0.000315),
        (-5, 0.015, 0.00045),
        ("x", 0.015, 0.00045),
    ],
)
def test_what_a_backend_found_in_its_cache_has_a_price_of_its_own(cached, price, cost):
    meter = Meter(
        answer={
            "usage": {
                "prompt_tokens": 1000,
                "completion_tokens": 500,
                "prompt_tokens_details": {"cached_tokens": cached},
            }
        }
    )
    prices = Price(input_per_million=0.15, output_per_million=0.6, cached_input_per_million=price)
    assert settled(request_fields=FIELDS, attempts=[Ended("answered")], meter=meter, price=prices).cost_usd == cost


@pytest.mark.parametrize(("status", "counted"), [(200, True), (499, True), (502, False), (400, False)])
def test_a_refused_request_used_no_tokens_and_a_cancelled_one_did(status, counted):
    record = settled(status, request_fields=FIELDS, attempts=[Ended("cancelled")])
    assert (record.usage is not None) is counted


@pytest.mark.parametrize(("blocks", "counted"), [((), False), ((WORDS,), True)])
def test_a_client_that_left_after_a_failed_attempt_pays_only_for_what_came(blocks, counted):
    record = settled(499, request_fields=FIELDS, attempts=[Ended("failed")], meter=met(*blocks))
    assert (record.usage is not None) is counted


def test_without_an_attempt_there_are_no_tokens():
    assert settled(499, request_fields=FIELDS).usage is None


def test_waiting_for_a_backend_or_for_the_rest_of_a_body_is_not_the_gateways_time(monkeypatch):
    record = RequestRecord("id", "POST", "/v1/x")
    record.meter.waited_s = 0.3
    monkeypatch.setattr("gateway.request.record.perf_counter", lambda: record.started + 2.0)
    record.settle(record.started + 1.5, None)
    assert record.gateway_us == pytest.approx(200_000, abs=1)
    assert record.duration_s == pytest.approx(2.0)


def test_the_first_settlement_counts():
    record = settled()
    before = record.ended, record.gateway_us
    record.settle(0.0, None)
    assert (record.ended, record.gateway_us) == before
