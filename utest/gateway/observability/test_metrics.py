"""The page for Prometheus, read with Prometheus' own parser."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.observability.metrics import Metrics
from gateway.request.record import RequestRecord


def samples(page):
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def value(page, name, **labels):
    values = [v for (n, *rest), v in samples(page).items() if n == name and labels.items() <= dict(rest).items()]
    assert len(values) == 1, values
    return values[0]


@pytest.fixture
def page(client):
    return lambda: client.http.get("/metrics").text


def test_requests_tokens_and_attempts_are_counted(backend, start_gateway):
    with start_gateway(
        prices={"m": {"input_per_million": 1, "output_per_million": 2}},
        backends={"up": {"kind": "openai", "base_url": backend.url}},
        models={"m": {"route": [{"backend": "up"}]}},
    ) as client:
        client.chat()
        client.chat(temperature=9)
        backend.streams(backend.chunk("one"), backend.chunk(" two"), backend.chunk(None, "stop"))
        client.events()
        page = client.http.get("/metrics").text
    where = {"gen_ai_operation_name": "chat", "gen_ai_request_model": "m", "gateway_backend": "up"}
    assert value(page, "gen_ai_server_request_duration_seconds_count", **where, status_class="2xx") == 2
    assert value(page, "gen_ai_server_time_to_first_token_seconds_count", **where) == 1
    assert value(page, "gateway_time_seconds_count") == 2
    tokens = "gen_ai_client_token_usage_sum"
    assert value(page, tokens, gen_ai_token_type="output", gateway_token_source="backend") == 1
    assert value(page, tokens, gen_ai_token_type="output", gateway_token_source="estimate") == 2
    assert value(page, "gateway_requests_total", status_class="4xx") == 1
    assert value(page, "gateway_errors_total", code="decimal_above_max_value") == 1
    assert value(page, "gateway_attempts_total", outcome="answered", gateway_backend="up") == 2
    assert value(page, "gateway_cost_usd_total") > 3e-6
    assert value(page, "gateway_requests_in_flight") == 0


def test_a_value_on_a_bound_is_within_its_bucket_and_the_buckets_add_up():
    metrics = Metrics()
    for us in (100, 100, 101, 2_000_000):
        metrics.add(RequestRecord("1", "POST", "/v1/x", status=200, model="m", gateway_us=us))
    page = metrics.page().decode()
    counts = [v for (name, *_), v in samples(page).items() if name == "gateway_time_seconds_bucket"]
    assert counts == [2, *[3] * 11, 4]
    assert value(page, "gateway_time_seconds_sum") == pytest.approx(2.000301)


def test_neither_paths_nor_keys_nor_foreign_codes_make_new_series():
    metrics = Metrics()
    for number in range(500):
        metrics.add(RequestRecord("1", "GET", f"/v1/{number}", status=404, code=f"c{number}", key_id=f"k{number}"))
    page = metrics.page().decode()
    assert len([line for line in page.splitlines() if line.startswith("gateway_errors_total")]) == 65
    assert value(page, "gateway_errors_total", code="other") == 436
    assert "/v1" not in page
    assert "k499" not in page


def test_probes_are_not_counted(client, page):
    before = samples(page()).get(("gateway_requests_total", ("status_class", "2xx")))
    client.http.get("/health")
    assert samples(page()).get(("gateway_requests_total", ("status_class", "2xx"))) == before


@pytest.mark.parametrize(("require", "status"), [(False, 200), (True, 401)])
def test_the_page_is_open_unless_a_key_is_asked_for(start_gateway, require, status):
    with start_gateway(
        api_keys="qa-key",
        metrics={"require_key": require},
        backends={"up": {"kind": "openai", "base_url": "http://x"}},
        models={"m": {"route": [{"backend": "up"}]}},
    ) as client:
        assert client.http.get("/metrics").status_code == status
        assert client.http.get("/metrics", headers={"authorization": "Bearer qa-key"}).status_code == 200
        assert client.http.get("/health").status_code == 200


def test_the_page_can_be_switched_off(start_gateway):
    with start_gateway(
        metrics={"enabled": False},
        backends={"up": {"kind": "openai", "base_url": "http://x"}},
        models={"m": {"route": [{"backend": "up"}]}},
    ) as client:
        assert client.http.get("/metrics").status_code == 404


def test_a_breaker_that_opened_is_told(start_gateway):
    with start_gateway(
        breaker={"consecutive_failures": 1},
        backends={"dead": {"kind": "openai", "base_url": "http://127.0.0.1:9/v1"}},
        models={"m": {"route": [{"backend": "dead"}]}},
    ) as client:
        assert value(client.http.get("/metrics").text, "gateway_breaker_state", gateway_backend="dead") == 0
        client.chat()
        assert value(client.http.get("/metrics").text, "gateway_breaker_state", gateway_backend="dead") == 2
        assert client.http.get("/health/ready").json()["breakers"] == {"dead": "open"}
