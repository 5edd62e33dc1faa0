"""The list of models in both formats, and the keys that open it."""

import datetime as dt

import anthropic
import pytest

ANTHROPIC = {"anthropic-version": "2023-06-01"}
MODELS = ["m", "org/renamed", "o", "gone", "spare"]


def page(client, query=""):
    return client.http.get(f"/v1/models{query}", headers=ANTHROPIC)


def test_models_are_listed_and_found_by_ids_with_slashes(client):
    listed = client.http.get("/v1/models").json()
    assert listed["object"] == "list"
    assert [model["id"] for model in listed["data"]] == ["m", "org/renamed", "o", "gone", "spare"]
    one = client.http.get("/v1/models/org/renamed").json()
    assert one == listed["data"][1]
    assert (one["object"], one["owned_by"]) == ("model", "up")
    missing = client.http.get("/v1/models/org/nope")
    assert (missing.status_code, client.error(missing)["code"]) == (404, "model_not_found")


def test_clients_of_anthropic_get_its_shape(client):
    listed = page(client).json()
    assert [model["id"] for model in listed.pop("data")] == MODELS
    assert listed == {"first_id": "m", "last_id": "spare", "has_more": False}
    one = client.http.get("/v1/models/org/renamed", headers=ANTHROPIC).json()
    assert (one["type"], one["id"], one["display_name"], one["lifecycle"]) == (
        "model",
        "org/renamed",
        "org/renamed",
        "active",
    )
    created = dt.datetime.fromisoformat(one["created_at"])
    assert created.timestamp() == client.http.get("/v1/models/org/renamed").json()["created"]


@pytest.mark.parametrize(
    ("query", "ids", "has_more"),
    [
        ("?limit=2", ["m", "org/renamed"], True),
        ("?limit=5", MODELS, False),
        ("?limit=1000&beta=true", MODELS, False),
        ("?after_id=org/renamed", ["o", "gone", "spare"], False),
        ("?after_id=org/renamed&limit=1", ["o"], True),
        ("?after_id=spare", [], False),
        ("?before_id=gone", ["m", "org/renamed", "o"], False),
        ("?before_id=gone&limit=2", ["org/renamed", "o"], True),
        ("?before_id=m", [], False),
        ("?after_id=m&before_id=gone", ["org/renamed", "o"], False),
    ],
)
def test_a_page_of_the_list(client, query, ids, has_more):
    listed = page(client, query).json()
    assert [model["id"] for model in listed["data"]] == ids
    assert listed["has_more"] is has_more
    assert (listed["first_id"], listed["last_id"]) == ((ids[0], ids[-1]) if ids else (None, None))


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=-1", "limit=x", "limit=", "limit=1.5", "after_id=nope", "before_id="]
)
def test_a_page_that_there_is_not_is_refused_by_its_field(client, query):
    response = page(client, f"?{query}")
    assert (response.status_code, response.json()["error"]["type"]) == (400, "invalid_request_error")
    assert query.partition("=")[0] in response.json()["error"]["message"]


def test_openais_list_has_no_pages(client):
    assert len(client.http.get("/v1/models?limit=1&after_id=nope").json()["data"]) == len(MODELS)


def test_the_anthropic_package_reads_every_page(client):
    with anthropic.Anthropic(base_url=str(client.http.base_url), api_key="k", max_retries=0) as sdk:
        assert [model.id for model in sdk.models.list(limit=2)] == MODELS
        assert sdk.models.retrieve("org/renamed").created_at.tzinfo is not None
        with pytest.raises(anthropic.NotFoundError, match="GET /v1/models"):
            sdk.models.retrieve("nope")


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/m", "/v1/chat/completions", "/v1/no-such", "/metrics"])
def test_either_header_may_hold_the_key_everywhere(start_gateway, backend, path):
    with start_gateway(
        backends={"up": {"kind": "openai", "base_url": f"{backend.url}/v1"}},
        models={"m": {"route": [{"backend": "up"}]}},
        metrics={"require_key": True},
        api_keys="good-key",
    ) as client:

        def status(**headers):
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            return client.http.get(path, headers=names).status_code

        passed = status(authorization="Bearer good-key")
        assert passed != 401
        assert status(x_api_key="good-key") == passed
        assert status(x_api_key="good-key", authorization="Basic eDp5") == passed
        assert (
            status() == status(x_api_key="bad-key") == status(x_api_key="good-key", authorization="Bearer bad") == 401
        )


def test_a_refused_client_of_anthropic_gets_anthropics_error(start_gateway, backend):
    with start_gateway(
        backends={"up": {"kind": "openai", "base_url": f"{backend.url}/v1"}},
        models={"m": {"route": [{"backend": "up"}]}},
        api_keys="good-key",
    ) as client:
        refused = page(client)
        assert (refused.status_code, refused.json()["error"]["type"]) == (401, "authentication_error")
        assert refused.headers["request-id"] == refused.json()["request_id"]
        assert "x-api-key" in refused.json()["error"]["message"]
