"""Which pages may ask from a browser: none by default, those of the listed origins, or all."""

import pytest

from utest.gateway.http_backend import Backend

PAGE, OTHER = "https://chat.example.org", "https://other.example.org"
ALLOW = "access-control-allow-origin"
PATHS = ["/v1/chat/completions", "/v1/messages", "/v1/models", "/health", "/metrics"]


@pytest.fixture(scope="module")
def _with_cors(start_gateway, _backend):
    with start_gateway(
        server={"cors_origins": [PAGE, "http://localhost:3000"]},
        limits={"body_bytes": 2000},
        backends={"up": {"kind": "openai", "base_url": f"{_backend.url}/v1"}},
        models={"m": {"route": [{"backend": "up"}]}},
        api_keys="good-key",
    ) as client:
        client.http.headers["authorization"] = "Bearer good-key"
        yield client


@pytest.fixture
def page(_with_cors, backend):  # noqa: ARG001  # resets the backend
    return _with_cors


def preflight(client, path, *, origin=PAGE, method="POST", **headers):
    asked = {"origin": origin, "access-control-request-method": method, "authorization": ""}
    return client.http.options(path, headers={**asked, **headers})


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("origin", [PAGE, "http://localhost:3000"])
def test_a_preflight_needs_no_key(page, path, origin):
    wanted = "authorization,content-type,x-api-key,x-stainless-lang,anthropic-version"
    response = preflight(page, path, origin=origin, **{"access-control-request-headers": wanted})
    assert (response.status_code, response.headers[ALLOW]) == (200, origin)
    assert response.headers["access-control-allow-headers"] == wanted
    assert {"GET", "HEAD", "POST"} <= set(response.headers["access-control-allow-methods"].split(", "))
    assert int(response.headers["access-control-max-age"]) > 0
    assert "Origin" in response.headers["vary"]
    assert "access-control-allow-credentials" not in response.headers


@pytest.mark.parametrize("path", PATHS[:3])
def test_a_preflight_of_another_page_is_refused_as_without_the_setting(page, path):
    response = preflight(page, path, origin=OTHER)
    assert (response.status_code, response.json()["error"]["type"]) == (
        401,
        "authentication_error" if path == "/v1/messages" else "invalid_request_error",
    )
    assert ALLOW not in response.headers


def test_a_method_that_nothing_has_is_refused_in_the_form_of_errors(page):
    response = preflight(page, "/health", method="BREW")
    assert (response.status_code, page.error(response)["code"]) == (405, "method_not_allowed")


def test_a_listed_page_may_ask_a_gateway_in_a_private_network(page):
    response = preflight(page, "/v1/models", **{"access-control-request-private-network": "true"})
    assert response.headers["access-control-allow-private-network"] == "true"


ANSWERS = {
    "list": (200, lambda http, headers: http.get("/v1/models", headers=headers)),
    "no key": (401, lambda http, headers: http.get("/v1/models", headers={**headers, "authorization": ""})),
    "no page": (404, lambda http, headers: http.get("/v1/no-such", headers=headers)),
    "wrong method": (405, lambda http, headers: http.delete("/v1/models", headers=headers)),
    "no JSON": (
        400,
        lambda http, headers: http.post("/v1/messages", content=b"{", headers={**headers, "content-type": "text/json"}),
    ),
    "too large": (
        413,
        lambda http, headers: http.post("/v1/chat/completions", json={"model": "m" * 3000}, headers=headers),
    ),
    "no such model": (
        404,
        lambda http, headers: http.post(
            "/v1/chat/completions",
            json={"model": "x", "messages": [{"role": "user", "content": "hi"}]},
            headers=headers,
        ),
    ),
}


@pytest.mark.parametrize(("status", "ask"), ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize(("origin", "allowed"), [(PAGE, PAGE), (OTHER, None), (None, None)])
def test_a_listed_page_can_read_every_answer(page, status, ask, origin, allowed):
    response = ask(page.http, {"origin": origin} if origin else {})
    assert (response.status_code, response.headers.get(ALLOW)) == (status, allowed)
    assert response.headers["x-request-id"]
    if allowed:
        # Else a page could not read x-request-id, retry-after, x-should-retry and the like.
        assert response.headers["access-control-expose-headers"] == "*"
    assert "Origin" in response.headers["vary"]


@pytest.mark.parametrize("ending", [(Backend.chunk("", "stop"), b"data: [DONE]\n\n"), ()])
def test_a_listed_page_can_read_a_stream_to_its_end(page, backend, ending):
    backend.streams(Backend.chunk("Hel"), Backend.chunk("lo"), *ending, cut=not ending)
    body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "hi"}]}
    response = page.post(body, origin=PAGE)
    assert (response.status_code, response.headers[ALLOW]) == (200, PAGE)
    assert response.text.endswith("data: [DONE]\n\n")
    assert ("backend_disconnected" in response.text) is not bool(ending)


def test_every_page_may_ask_where_all_are_allowed(start_gateway, backend):
    with start_gateway(
        server={"cors_origins": ["*"]},
        backends={"up": {"kind": "openai", "base_url": f"{backend.url}/v1"}},
        models={"m": {"route": [{"backend": "up"}]}},
    ) as client:
        assert preflight(client, "/v1/chat/completions", origin=OTHER).headers[ALLOW] == "*"
        assert client.chat().headers.get(ALLOW) is None
        assert client.http.get("/v1/models", headers={"origin": OTHER}).headers[ALLOW] == "*"
        # A browser asks so before a page on the internet may ask a gateway at home.
        private = preflight(client, "/v1/models", **{"access-control-request-private-network": "true"})
        assert private.status_code == 405
        assert "access-control-allow-private-network" not in private.headers


def test_no_page_may_ask_by_default(client):
    refused = preflight(client, "/v1/chat/completions")
    assert (refused.status_code, client.error(refused)["code"]) == (405, "method_not_allowed")
    answered = client.http.get("/v1/models", headers={"origin": PAGE})
    assert answered.status_code == 200
    assert not [name for response in (refused, answered) for name in response.headers if "access-control" in name]
