"""Clients cannot open a breaker with their requests, and a backend that cannot carry a request is passed over."""

import pytest
from aiohttp import web

GOOD = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}]}
NATIVE = {
    "/api/chat": {"model": "m", "message": {"role": "assistant", "content": "Hello"}, "done": True},
    "/v1/messages": {"type": "message", "content": [{"type": "text", "text": "Hello"}], "stop_reason": "end_turn"},
}
FLAGGED = "Your input was flagged"
PICTURE = {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}}
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "[" * 10_000 + "]" * 10_000}}


@pytest.fixture
def before(start_gateway, backend):
    """`with before(*kinds) as client` is a gateway whose model `m` is on a backend of each kind, named like it."""

    def start(*steps, **settings):
        route = [{"backend": step} if isinstance(step, str) else step for step in steps]
        kinds = {step["backend"] for step in route}
        return start_gateway(
            backends={kind: {"kind": kind.split("-")[0], "base_url": f"{backend.url}/{kind}"} for kind in kinds},
            models={"m": {"route": route}},
            **{"breaker": {"consecutive_failures": 3, "open_s": 60}, **settings},
        )

    return start


@pytest.fixture
def answering(backend):
    """`answering(kind=…)` lets that backend give the status and body, and all others their answer."""

    def script_answers(**failures):
        async def script(request):
            kind, _, path = request.path[1:].partition("/")
            status, body, *headers = failures.get(kind.replace("-", "_"), (200, NATIVE.get(f"/{path}", GOOD)))
            return web.json_response(body, status=status, headers=headers[0] if headers else None)

        backend.script = script

    return script_answers


def error(code, message, **fields):
    return {"error": {"code": code, "message": message, **fields}}


BLAMES_THE_PROMPT = {
    "OpenRouter's moderation": (403, error(403, FLAGGED, metadata={"reasons": ["hate"]})),
    "xAI's moderation": (403, {"code": "x", "error": "Content violates usage guidelines. API key ID: k"}),
    "legal reasons": (451, error(451, "This content is not available here.")),
    "a teapot": (418, error(418, "No coffee")),
    "not acceptable": (406, error(406, "no")),
    "Portkey's guardrail": (446, error(None, "The guardrail checks failed", type="hooks_failed")),
    "a failed dependency": (424, error(2016, "Prompt blocked due to security configurations")),
    "a precondition": (428, error(428, "no")),
    "its own 400": (400, error(400, "no")),
    "a blocked method": (405, error(405, "This prompt is not allowed")),
    "too large": (413, "<html>413 Request Entity Too Large</html>"),
}


@pytest.mark.parametrize(("status", "body"), BLAMES_THE_PROMPT.values(), ids=BLAMES_THE_PROMPT)
def test_what_blames_the_request_reaches_its_client_and_counts_for_nobody(before, answering, status, body):
    answering(openai=(status, body))
    with before("openai") as client:
        refused = [client.chat() for _ in range(4)]
        answering()
        assert client.chat().status_code == 200
    assert [response.status_code for response in refused] == [status] * 4
    assert refused[0].headers["x-should-retry"] == "false"
    if isinstance(body, dict):
        words = body["error"] if isinstance(body["error"], str) else body["error"]["message"]
        assert words in client.error(refused[0])["message"]


REFUSES_THE_GATEWAY = {
    "its key": (401, error("invalid_api_key", "Incorrect API key provided")),
    "its key, by 403": (403, error("forbidden", "This key has no permission for the model")),
    "its account": (402, error(402, "Insufficient credits")),
    "its country": (403, error("unsupported_country_region_territory", "Country, region, or territory not supported")),
    "its address": (404, "<html>"),
    "its method": (405, {"detail": "Method Not Allowed"}),
    "a redirect": (302, "moved"),
}


@pytest.mark.parametrize(("status", "body"), REFUSES_THE_GATEWAY.values(), ids=REFUSES_THE_GATEWAY)
def test_what_refuses_the_gateway_is_502_counts_and_leads_to_the_next_backend(before, answering, backend, status, body):
    answering(openai=(status, body))
    with before("openai") as client:
        refused = [client.chat() for _ in range(4)]
    assert [response.status_code for response in refused] == [502, 502, 502, 503]
    assert client.error(refused[0])["code"] == "backend_refused"
    with before("openai", "openai-2", retries={"attempts": 3, "base_s": 0.01}) as client:
        backend.bodies.clear()
        response = client.chat()
    assert (response.status_code, response.headers["x-gateway-backend"]) == (200, "openai-2")
    assert len(backend.bodies) == 2, "the same key is not sent again"


@pytest.mark.parametrize("status", [400, 403, 415, 422, 431, 499])
def test_a_page_without_a_reason_counts_for_nobody_and_leads_to_the_next_backend(before, answering, status):
    answering(openai=(status, "<html>You have been blocked</html>"))
    with before("openai") as client:
        assert [client.chat().status_code for _ in range(5)] == [502] * 5
    with before("openai", "openai-2") as client:
        assert client.chat().headers["x-gateway-backend"] == "openai-2"


def test_an_answer_that_cannot_be_translated_for_the_client_counts_for_nobody(before, answering):
    call = {"id": "c", "type": "function", "function": {"name": ["f"], "arguments": 7}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    answering(openai=(200, {"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]}))
    question = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    with before("openai") as client:
        for _ in range(4):
            client.post(question, path="/v1/messages")
        answering()
        assert client.post(question, path="/v1/messages").status_code == 200


def test_a_stream_that_lives_until_its_deadline_counts_for_nobody(before, backend):
    backend.streams(*[backend.chunk("a")] * 400)
    with before("openai", timeouts={"total_s": 0.4}, breaker={"consecutive_failures": 1, "open_s": 60}) as client:
        for _ in range(2):
            *_, failure, _ = client.events()
            assert failure["error"]["code"] == "backend_timeout"


# The parts of a request that the kind cannot carry.
CANNOT = {
    "choices": ("ollama", {"n": 2}),
    "a forced tool": ("ollama", {"tools": [], "tool_choice": "required"}),
    "a picture by address": ("ollama", {"messages": [{"role": "user", "content": [PICTURE]}]}),
    "a strict client's field": ("ollama", {"user": "u"}),
    "arguments that nest too deep": (
        "ollama",
        {"messages": [{"role": "assistant", "content": "x", "tool_calls": [CALL]}]},
    ),
    "choices, Anthropic": ("anthropic", {"n": 2}),
    "a form, Anthropic": ("anthropic", {"response_format": {"type": "grammar"}}),
    "a sound": ("ollama", {"modalities": ["text", "audio"], "audio": {"voice": "v", "format": "wav"}}),
    "functions": ("anthropic", {"functions": [{"name": "f", "parameters": {"type": "object"}}]}),
}


def ask(client, fields):
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}], **fields}
    if "tools" in fields:
        body["tools"] = tools
    return client.post(body, **({"x_gateway_strict": "true"} if "user" in fields else {}))


@pytest.mark.parametrize(("kind", "fields"), CANNOT.values(), ids=CANNOT)
def test_a_backend_that_cannot_carry_the_request_is_passed_over(before, answering, backend, kind, fields):
    answering()
    with before(kind, "openai") as client:
        response = ask(client, fields)
    assert (response.status_code, response.headers["x-gateway-backend"]) == (200, "openai")
    assert (response.headers["x-gateway-attempts"], len(backend.bodies)) == ("1", 1)


@pytest.mark.parametrize(("kind", "fields"), CANNOT.values(), ids=CANNOT)
def test_a_passing_failure_of_the_one_that_could_is_what_the_client_hears(before, answering, kind, fields):
    answering(openai=(503, error(503, "loading"), {"retry-after": "2"}))
    for route in (("openai", kind), (kind, "openai")):
        with before(*route) as client:
            response = ask(client, fields)
        assert (response.status_code, response.headers["retry-after"]) == (503, "2")
        assert (response.headers["x-should-retry"], response.headers["x-gateway-backend"]) == ("true", "openai")


@pytest.mark.parametrize(("kind", "fields"), CANNOT.values(), ids=CANNOT)
def test_only_if_none_can_the_client_hears_the_400(before, answering, backend, kind, fields):
    answering()
    with before(kind, f"{kind}-2", breaker={"consecutive_failures": 1}) as client:
        responses = [ask(client, fields) for _ in range(3)]
        assert client.chat().status_code == 200, "nothing was counted"
    assert [response.status_code for response in responses] == [400] * 3
    assert (responses[0].headers["x-gateway-backend"], responses[0].headers["x-should-retry"]) == (kind, "false")
    assert len(backend.bodies) == 1, "nothing was sent"


def test_a_stream_is_passed_over_too(before, backend):
    backend.streams(backend.chunk("Hello"), backend.chunk(None, "stop"))
    with before("ollama", "anthropic", "openai") as client:
        response = ask(client, {"n": 2, "stream": True, "modalities": ["text"]})
    # The scripted stream has one choice of the two.
    assert (response.status_code, response.headers["x-gateway-backend"]) == (200, "openai")
    assert "Hello" in response.text


def test_weighted_neighbours_pass_the_request_to_the_one_that_can(before, answering):
    answering()
    route = ({"backend": "ollama", "weight": 1}, {"backend": "openai", "weight": 1})
    with before(*route) as client:
        assert [ask(client, {"n": 2}).status_code for _ in range(6)] == [200] * 6


def test_the_one_that_could_may_be_open(before, answering):
    answering(openai=(500, error(500, "no")))
    with before("openai", "ollama") as client:
        for _ in range(3):
            assert ask(client, {"n": 2}).status_code == 502
        response = ask(client, {"n": 2})
    assert (response.status_code, response.headers["retry-after"]) == (503, "60")


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "document", "source": {"type": "url"}}]}],
        [{"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}}],
    ],
)
def test_messages_hear_the_overload_of_anthropic_and_not_what_the_other_kind_cannot(before, answering, content):
    answering(anthropic=(529, {"type": "error", "error": {"type": "overloaded_error", "message": "x"}}))
    turns = [{"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]}]
    question = {"role": "user", "content": content}
    with before("anthropic", "openai") as client:
        body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}, *turns, question]}
        response = client.post(body, path="/v1/messages")
    assert (response.status_code, response.json()["error"]["type"]) == (529, "overloaded_error")
    assert response.headers["x-should-retry"] == "true"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (501, error(501, "This server does not support embeddings.", type="not_supported_error")),
        (500, error(500, "image input is not supported - hint: mmproj", type="server_error")),
        (500, error(500, "audio input is not supported", type="server_error")),
    ],
)
def test_a_backend_that_says_that_it_cannot_is_passed_over_too(before, answering, status, body):
    answering(openai=(status, body))
    with before("openai", "openai-2", breaker={"consecutive_failures": 1}) as client:
        responses = [client.chat() for _ in range(2)]
    assert [response.headers["x-gateway-attempts"] for response in responses] == ["2", "2"]
    with before("openai") as client:
        assert client.chat().status_code == 400


@pytest.mark.parametrize("first", [429, 503, 500])
def test_a_failure_that_may_pass_is_heard_before_one_that_does_not(before, answering, first):
    answering(openai=(first, error(first, "later"), {"retry-after": "2"}), openai_2=(401, error(401, "key")))
    for route in (("openai", "openai-2"), ("openai-2", "openai")):
        with before(*route) as client:
            response = client.chat()
        assert response.status_code == {500: 502}.get(first, first)
        assert response.headers["x-gateway-backend"] == "openai"


def test_a_page_of_the_one_that_could_is_heard_before_what_the_other_cannot(before, answering):
    answering(openai=(403, "<html>"))
    for route in (("openai", "ollama"), ("ollama", "openai")):
        with before(*route) as client:
            assert ask(client, {"n": 2}).status_code == 502


def test_what_was_passed_over_stands_in_the_log(before, answering, caplog):
    caplog.set_level("INFO")
    answering(openai=(503, error(503, "no")))
    with before("openai", "ollama", "openai-2") as client:
        assert ask(client, {"n": 2}).status_code == 200
    events = {"attempt_failed", "backend_passed_over"}
    found = [entry.fields for entry in caplog.records if entry.name == "gateway" and entry.fields["event"] in events]
    assert [(entry["event"], entry["backend"]) for entry in found] == [
        ("attempt_failed", "openai"),
        ("backend_passed_over", "ollama"),
    ]
