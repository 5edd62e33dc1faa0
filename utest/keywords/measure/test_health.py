import httpx2
import pytest
from robot.api import SkipExecution

from keywords.measure.health import HealthLibrary

health = HealthLibrary()


def answering(make, **statuses):
    def answer(request):
        if request.method == "POST":
            body = make.sse(*make.good_stream)
            return httpx2.Response(200, content=body, headers={"content-type": "text/event-stream"})
        return httpx2.Response(statuses[request.url.path.strip("/").replace("/", "_")])

    return answer


@pytest.mark.parametrize(("status", "address"), [(200, "/health"), (500, "/health"), (404, "/v1/models")])
def test_the_health_address_is_what_the_server_has(gateway, make, status, address):
    gateway.answer = answering(make, health=status)
    assert health.find_health_address() == address


def test_a_server_that_says_that_it_is_ill_while_it_works_is_found(gateway, make):
    gateway.answer = answering(make, health=200)
    assert len(health.send_probes_during_stream("/health", times=3).samples_s) == 3
    gateway.answer = answering(make, health=503)
    with pytest.raises(AssertionError, match=r"3 of 3 GET /health were not answered with 200 while .*: 503, 503, 503"):
        health.send_probes_during_stream("/health", times=3)


def test_health_behind_a_key_is_found(gateway):
    def answer(request):
        return httpx2.Response(200 if "authorization" in request.headers else 401)

    gateway.answer = answer
    with pytest.raises(AssertionError, match="without a key should be answered with 200, got 401"):
        health.health_should_need_no_key()
    gateway.answers(200)
    health.health_should_need_no_key()


def test_a_server_without_a_health_address_may_refuse_all_who_have_no_key(gateway):
    gateway.answer = lambda request: httpx2.Response(404 if "authorization" in request.headers else 401)
    with pytest.raises(SkipExecution, match=r"^DECLINED: the row is about /health, and the server answers 404"):
        health.health_should_need_no_key()
