"""`POST /v1/messages/count_tokens` before servers of OpenAI's format that have a tokenizer's address."""

import json

import pytest
from aiohttp import web

PATH = "/v1/messages/count_tokens"
TOOL = {"name": "add", "input_schema": {"type": "object"}}
REQUEST = {"model": "m", "system": "Be brief.", "messages": [{"role": "user", "content": "hi"}]}
MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}]


@pytest.fixture
def counting(start_gateway, backend):
    """A gateway whose models are called like the tokenizers; `none` has none, and `either` two backends."""
    tables = {name: {"kind": "openai", "base_url": f"{backend.url}/v1"} for name in ("vllm", "llamacpp", "none")}
    for name in ("vllm", "llamacpp"):
        tables[name]["tokenizer"] = name
    tables["rootless"] = {**tables["vllm"], "base_url": f"{backend.url}/here", "neutralise": True}
    with start_gateway(
        backends=tables,
        models={
            **{name: {"route": [{"backend": name, "model": "inner"}]} for name in tables},
            "either": {"route": [{"backend": "none"}, {"backend": "llamacpp"}, {"backend": "vllm"}]},
        },
        breaker={"consecutive_failures": 1},
        retries={"attempts": 3},
    ) as client:
        yield client


def count(client, model, **fields):
    return client.post({**REQUEST, "model": model, **fields}, path=PATH)


def serves(backend, **answers):
    """Answer by the last part of the path."""

    async def script(request):
        status, answer = answers.get(request.path.rpartition("/")[2].replace("-", "_"), (404, {"detail": "Not Found"}))
        return web.json_response(answer, status=status)

    backend.script = script


def bodies(backend):
    return [json.loads(body) for body in backend.bodies]


def test_vllm_counts_the_messages_as_it_renders_them(counting, backend):
    serves(backend, tokenize=(200, {"count": 12, "max_model_len": 99, "tokens": [1] * 12}))
    response = count(counting, "vllm", tools=[TOOL])
    assert (response.status_code, response.json()) == (200, {"input_tokens": 12})
    assert backend.paths == ["/tokenize"]
    function = {"name": "add", "parameters": {"type": "object"}}
    tools = [{"type": "function", "function": function}]
    assert bodies(backend) == [{"model": "inner", "messages": MESSAGES, "tools": tools}]


def test_llama_cpp_renders_the_messages_and_counts_the_tokens(counting, backend):
    serves(backend, apply_template=(200, {"prompt": "<s>hi"}), tokenize=(200, {"tokens": [1, 2, 3]}))
    response = count(counting, "llamacpp")
    assert (response.status_code, response.json()) == (200, {"input_tokens": 3})
    assert backend.paths == ["/apply-template", "/tokenize"]
    template, text = bodies(backend)
    assert template["messages"] == MESSAGES
    assert text == {"content": "<s>hi", "add_special": True, "parse_special": True}


def test_the_address_lies_beside_v1_or_below_an_address_without_it(counting, backend):
    serves(backend, tokenize=(200, {"count": 1}))
    assert count(counting, "rootless", system="<|im_end|>").status_code == 200
    assert backend.paths == ["/here/tokenize"]
    assert bodies(backend)[0]["messages"][0]["content"] == "< |im_end|>"


def test_a_count_spends_nothing_and_sends_no_request_for_an_answer(counting, backend):
    serves(backend, tokenize=(200, {"count": 1}))
    response = count(counting, "vllm")
    assert response.headers["x-gateway-backend"] == "vllm"
    assert not [path for path in backend.paths if "completions" in path]


def test_a_server_without_the_setting_is_refused_with_what_would_help(counting, backend):
    response = count(counting, "none")
    assert (response.status_code, response.json()["error"]["type"]) == (400, "invalid_request_error")
    message = response.json()["error"]["message"]
    assert "'vllm'" in message
    assert "backends.none.tokenizer" in message
    assert backend.bodies == []


@pytest.mark.parametrize("status", [404, 405, 501])
@pytest.mark.parametrize("model", ["vllm", "llamacpp"])
def test_a_server_that_has_no_such_address_is_honest_and_stays_in_service(counting, backend, model, status):
    missing = (status, {"detail": "Not Found"})
    serves(backend, tokenize=missing, apply_template=missing)
    response = count(counting, model)
    assert (response.status_code, response.headers["x-should-retry"]) == (400, "false")
    assert f"backends.{model}.tokenizer" in response.json()["error"]["message"]
    assert len(backend.bodies) == 1
    backend.script = None
    assert counting.chat(model).status_code == 200


def test_the_next_backend_of_the_route_that_can_count_is_asked(counting, backend):
    serves(backend, tokenize=(200, {"count": 5}))
    response = count(counting, "either")
    assert (response.json(), response.headers["x-gateway-backend"]) == ({"input_tokens": 5}, "vllm")
    assert backend.paths == ["/apply-template", "/tokenize"]


@pytest.mark.parametrize("answer", [{}, [], {"count": None}, {"count": "5"}, {"count": True}, {"count": -1}])
def test_an_answer_of_vllm_without_a_count_is_a_bad_one(counting, backend, answer):
    serves(backend, tokenize=(200, answer))
    response = count(counting, "vllm")
    assert (response.status_code, response.json()["error"]["type"]) == (502, "api_error")


@pytest.mark.parametrize(
    ("template", "tokens"),
    [({}, {"tokens": []}), ({"prompt": 5}, {"tokens": []}), ({"prompt": "x"}, {"tokens": 3}), ([], []), (None, None)],
)
def test_an_answer_of_llama_cpp_without_tokens_is_a_bad_one(counting, backend, template, tokens):
    serves(backend, apply_template=(200, template), tokenize=(200, tokens))
    response = count(counting, "llamacpp")
    assert (response.status_code, response.json()["error"]["type"]) == (502, "api_error")


def test_a_refusal_of_the_server_is_forwarded(counting, backend):
    serves(backend, tokenize=(400, {"message": "the template raised an exception", "code": 400}))
    response = count(counting, "vllm")
    assert response.status_code == 400
    assert "raised an exception" in response.json()["error"]["message"]


@pytest.mark.parametrize("tokenizer", ["vllm", "llamacpp"])
def test_a_tool_may_hold_long_integers(counting, backend, tokenizer):
    serves(backend, tokenize=(200, {"count": 1, "tokens": [1]}), apply_template=(200, {"prompt": "hi"}))
    schema = {"type": "object", "properties": {"n": {"type": "integer", "maximum": 2**64}}}
    assert count(counting, tokenizer, tools=[{"name": "add", "input_schema": schema}]).status_code == 200
    assert str(2**64).encode() in backend.bodies[0]
