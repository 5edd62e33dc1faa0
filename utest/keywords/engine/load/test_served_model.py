import json

import pytest

from keywords.engine.load import served_model
from keywords.engine.load.plan import Target
from keywords.engine.load.served_model import look_at_model, model_cautions, same_model


@pytest.fixture
def serve(monkeypatch):
    def answers(**pages):
        known = {"/" + path.replace("__", "/"): page for path, page in pages.items()}

        def fetch(url, **_):
            page = known.get(url.removeprefix("http://host:1"))
            if page is None:
                return 404, b"no such page"
            return 200, page if isinstance(page, bytes) else json.dumps(page).encode()

        monkeypatch.setattr(served_model, "fetch", fetch)
        return look_at_model(Target("http://host:1/v1", "m"))

    return answers


def test_ollama_tells_a_digest(serve):
    tags = {"models": [{"name": "other:latest", "digest": "no"}, {"name": "m:latest", "digest": "abc123"}]}
    found = serve(api__tags=tags, api__version={"version": "0.9"}, v1__models={"data": [{"id": "m:latest"}]})
    assert (found.digest, found.server) == ("abc123", "Ollama 0.9")
    assert json.loads(json.dumps(found.as_json()))["digest"] == "abc123"


def test_vllm_names_its_weights(serve):
    found = serve(v1__models={"data": [{"id": "m", "root": "/models/m"}]}, version={"version": "0.11"})
    assert (found.digest, found.weights, found.server) == (None, "/models/m", "vLLM 0.11")


def test_llama_cpp_tells_numbers(serve):
    meta = {"n_params": 134515008, "size": 98000000, "note": "text"}
    found = serve(v1__models={"data": [{"id": "m", "meta": meta}]}, health={"status": "ok"})
    assert (found.facts, found.server) == ({"n_params": 134515008, "size": 98000000}, None)


def test_a_number_that_the_store_cannot_hold_is_left_out(serve):
    page = b'{"data": [{"id": "m", "meta": {"n_params": 1e999, "n_embd": -1e999, "size": 7, "vocab": %s}}]}'
    assert serve(v1__models=page % (b"9" * 400)).facts == {"size": 7}


def test_this_gateway_tells_its_version(serve):
    assert serve(health={"service": "llm-gateway", "version": "0.1.0"}).server == "llm-gateway 0.1.0"


@pytest.mark.parametrize("page", [b"<html>", [], {"data": 5, "models": "x", "version": 7}, {"data": [1, {"id": 4}]}])
def test_what_is_not_told_is_none(serve, page):
    found = serve(v1__models=page, api__tags=page, api__version=page, version=page, health=page)
    assert (found.model, found.digest, found.weights, found.facts, found.server) == ("m", None, None, {}, None)


def test_a_server_that_is_gone_tells_nothing():
    assert look_at_model(Target("http://127.0.0.1:9", "m")).digest is None


TOLD = {"model": "m", "digest": "1", "weights": None, "facts": {}, "server": "Ollama 1"}
UNKNOWN = {"model": "m", "digest": None, "weights": None, "facts": {}, "server": None}


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        (TOLD, TOLD, True),
        (TOLD, TOLD | {"digest": "2"}, False),
        (TOLD, TOLD | {"server": "Ollama 2"}, False),
        (TOLD, UNKNOWN, None),
        (UNKNOWN, UNKNOWN, None),
        (UNKNOWN | {"server": "vLLM 1"}, UNKNOWN | {"server": "vLLM 1"}, None),
        ({}, {}, None),
    ],
)
def test_a_model_is_known_again_by_what_the_server_tells_of_it(before, after, same):
    assert same_model(before, after) is same
    assert bool(model_cautions(before, after)) is (same is False)
