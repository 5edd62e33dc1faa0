"""Each family's answers have the form that its clients expect."""

import base64
import json
import struct

import httpx2
import openai
import pytest

from keywords.engine.scripted.backend import Fault, Script, ToolCall

CHAT = {"model": "scripted", "messages": [{"role": "user", "content": "Say five words now"}]}
TOOLS = Script(chunks=(), tool_calls=(ToolCall("add", '{"a": 1, "b": 2}'),), finish_reason="tool_calls")
CALL = [("add", '{"a": 1, "b": 2}')]
ANTHROPIC = "/v1/messages"
AZURE = "/openai/deployments/my%20gpt/chat/completions?api-version=2026-01-01"


@pytest.fixture
def client(scripted):
    with httpx2.Client(base_url=scripted.url, timeout=5, trust_env=False) as client:
        yield client


@pytest.fixture
def sdk(scripted):
    http = httpx2.Client(trust_env=False)
    with openai.OpenAI(base_url=f"{scripted.url}/v1", api_key="sk-none", max_retries=0, http_client=http) as sdk:
        yield sdk


def named_events(text):
    blocks = [block.split("\n") for block in text.split("\n\n") if block]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]


def test_the_openai_client_reads_answers_and_streams(scripted, sdk):
    scripted.script = Script(tokens_per_chunk=3)
    whole = sdk.chat.completions.create(**CHAT)
    assert (whole.choices[0].message.content, whole.usage.completion_tokens) == ("One two three four.", 15)
    stream = list(sdk.chat.completions.create(**CHAT, stream=True, stream_options={"include_usage": True}))
    assert "".join(c.delta.content or "" for chunk in stream for c in chunk.choices) == "One two three four."
    assert stream[-1].usage.total_tokens == 19
    assert [c.delta.role for c in stream[0].choices] == ["assistant"]


def test_the_openai_client_reads_tool_calls(scripted, sdk):
    scripted.script = TOOLS
    choice = sdk.chat.completions.create(**CHAT).choices[0]
    assert [(c.function.name, c.function.arguments) for c in choice.message.tool_calls] == CALL
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
    stream = sdk.chat.completions.create(**CHAT, stream=True)
    parts = [call.function for chunk in stream for c in chunk.choices for call in c.delta.tool_calls or []]
    assert (parts[0].name, "".join(part.arguments for part in parts)) == CALL[0]


def test_the_openai_client_reads_completions_and_embeddings(sdk):
    whole = sdk.completions.create(model="one", prompt="Say it")
    assert (whole.choices[0].text, whole.usage.prompt_tokens) == ("One two three four.", 2)
    stream = sdk.completions.create(model="one", prompt="Say it", stream=True)
    assert "".join(chunk.choices[0].text for chunk in stream) == "One two three four."
    # This client asks for base64 by itself.
    packed = sdk.embeddings.create(model="one", input=["a", "b", "a"])
    first, second, third = (each.embedding for each in packed.data)
    assert first == third != second
    assert len(first) == 8
    assert (len(sdk.embeddings.create(model="one", input="a", dimensions=3).data[0].embedding)) == 3
    assert (len(sdk.embeddings.create(model="one", input="a", dimensions=2**33).data[0].embedding)) == 8


def test_embeddings_are_numbers_or_their_bytes(client):
    asked = {"model": "one", "input": "a"}
    numbers = client.post("/v1/embeddings", json=asked).json()["data"][0]["embedding"]
    packed = client.post("/v1/embeddings", json=asked | {"encoding_format": "base64"}).json()["data"][0]["embedding"]
    assert struct.unpack("<8f", base64.b64decode(packed)) == pytest.approx(numbers)
    assert client.post("/api/embed", json=asked).json()["embeddings"] == [numbers]


def test_an_early_role_comes_alone(scripted, sdk):
    scripted.script = Script(early_role=True)
    first, second, *_ = sdk.chat.completions.create(**CHAT, stream=True)
    assert (first.choices[0].delta.role, first.choices[0].delta.content) == ("assistant", "")
    assert (second.choices[0].delta.role, second.choices[0].delta.content) == (None, "One")


def test_thoughts_come_before_the_text(scripted, client):
    scripted.script = Script(thoughts=2, chunks=("Yes",))
    text = client.post("/v1/chat/completions", json=CHAT | {"stream": True}).text
    deltas = [json.loads(line[6:])["choices"][0]["delta"] for line in text.split("\n\n") if line.startswith("data: {")]
    assert [delta.get("reasoning_content") or delta.get("content") for delta in deltas[:3]] == ["Hm. ", "Hm. ", "Yes"]
    lines = client.post("/api/chat", json=CHAT | {"stream": True}).text.splitlines()
    messages = [json.loads(line)["message"] for line in lines]
    assert [message.get("thinking") or message["content"] for message in messages[:3]] == ["Hm. ", "Hm. ", "Yes"]


def test_azure_streams_open_without_choices(client):
    text = client.post(AZURE, json=CHAT | {"stream": True}).text
    first, second, *_ = [json.loads(line[6:]) for line in text.split("\n\n") if line.startswith("data: {")]
    assert (first["choices"], first["prompt_filter_results"][0]["prompt_index"]) == ([], 0)
    assert second["choices"][0]["delta"]["content"] == "One"
    assert second["model"] == "my gpt"


def test_azure_errors_are_a_code_and_a_message(scripted, client):
    scripted.script = Script(status=429)
    expected = {"error": {"code": "429", "message": "Scripted error 429."}}
    for path in (AZURE, "/openai/v1/chat/completions", "/openai/v1/completions", "/openai/v1/embeddings"):
        assert client.post(path, json=CHAT).json() == expected


def test_anthropic_answers_with_blocks(scripted, client):
    answer = client.post(ANTHROPIC, json=CHAT | {"system": "Be brief"}).json()
    assert answer["content"] == [{"type": "text", "text": "One two three four."}]
    assert (answer["stop_reason"], answer["usage"]) == ("end_turn", {"input_tokens": 6, "output_tokens": 5})
    scripted.script = TOOLS
    answer = client.post(ANTHROPIC, json=CHAT).json()
    assert [(b["type"], b["name"], b["input"]) for b in answer["content"]] == [("tool_use", "add", {"a": 1, "b": 2})]
    assert answer["stop_reason"] == "tool_use"


def test_anthropic_streams_in_its_own_order(scripted, client):
    scripted.script = Script(chunks=("a", "b"), finish_reason="length")
    events = named_events(client.post(ANTHROPIC, json=CHAT | {"stream": True}).text)
    assert [name for name, _ in events] == [
        "message_start",
        "content_block_start",
        "ping",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert all(data["type"] == name for name, data in events)
    assert "".join(data["delta"]["text"] for name, data in events if name == "content_block_delta") == "ab"
    assert events[-2][1]["usage"] == {"output_tokens": 2}
    assert events[-2][1]["delta"]["stop_reason"] == "max_tokens"


def test_anthropic_streams_tool_calls_in_blocks_of_their_own(scripted, client):
    scripted.script = Script(chunks=("a",), tool_calls=TOOLS.tool_calls, finish_reason="tool_calls")
    events = named_events(client.post(ANTHROPIC, json=CHAT | {"stream": True}).text)
    blocks = [(name, data["index"]) for name, data in events if "index" in data]
    assert blocks == [
        ("content_block_start", 0),
        ("content_block_delta", 0),
        ("content_block_stop", 0),
        ("content_block_start", 1),
        ("content_block_delta", 1),
        ("content_block_delta", 1),
        ("content_block_stop", 1),
    ]
    deltas = [data["delta"] for name, data in events if name == "content_block_delta"]
    assert "".join(delta.get("partial_json", "") for delta in deltas) == CALL[0][1]


def test_anthropic_errors_have_their_types(scripted, client):
    for status, kind in ((429, "rate_limit_error"), (529, "overloaded_error"), (500, "api_error")):
        scripted.script = Script(status=status)
        answer = client.post(ANTHROPIC, json=CHAT)
        assert (answer.status_code, answer.json()["type"], answer.json()["error"]["type"]) == (status, "error", kind)
    scripted.script = Script(fault=Fault("error", after=1))
    events = named_events(client.post(ANTHROPIC, json=CHAT | {"stream": True}).text)
    assert events[-1] == (
        "error",
        {"type": "error", "error": {"type": "overloaded_error", "message": "Scripted error in the stream."}},
    )


def test_ollama_gives_tool_calls_as_objects(scripted, client):
    scripted.script = TOOLS
    expected = [{"function": {"name": "add", "arguments": {"a": 1, "b": 2}}}]
    assert client.post("/api/chat", json=CHAT | {"stream": False}).json()["message"]["tool_calls"] == expected
    first, last = [json.loads(line) for line in client.post("/api/chat", json=CHAT).text.splitlines()]
    assert (first["message"]["tool_calls"], first["done"], last["done"]) == (expected, False, True)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/chat/completions", "usage"),
        ("/v1/completions", "usage"),
        ("/v1/embeddings", "usage"),
        (ANTHROPIC, "usage"),
        ("/api/chat", "eval_count"),
        ("/api/embed", "prompt_eval_count"),
    ],
)
def test_usage_can_be_missing(scripted, client, path, field):
    for said in (True, False):
        scripted.script = Script(usage=said)
        assert (f'"{field}"' in client.post(path, json=CHAT | {"stream": False}).text) is said


def test_usage_can_be_missing_from_streams(scripted, client):
    scripted.script = Script(usage=False)
    asked = CHAT | {"stream": True, "stream_options": {"include_usage": True}}
    for path in ("/v1/chat/completions", "/v1/completions", ANTHROPIC, "/api/chat"):
        text = client.post(path, json=asked).text
        assert "usage" not in text
        assert "eval_count" not in text


def test_an_error_under_200_is_a_whole_answer(scripted, client):
    scripted.script = Script(fault=Fault("error", after=0))
    answer = client.post("/v1/chat/completions", json=CHAT)
    assert (answer.status_code, answer.json()["error"]["code"]) == (200, 500)


def test_every_family_has_its_probes(client):
    assert [model["id"] for model in client.get("/v1/models").json()["data"]] == ["one", "two"]
    anthropic = client.get("/v1/models", headers={"anthropic-version": "2023-06-01"}).json()
    assert (anthropic["data"][1]["type"], anthropic["last_id"]) == ("model", "two")
    assert client.get("/openai/v1/models").json()["data"][0]["id"] == "one"
    assert client.get("/v1/health/ready").json()["status"] == "ready"
    assert client.get("/v1/health/live").status_code == 200


def test_a_probe_plays_a_script_of_its_own(scripted, client):
    scripted.play(Script(status=503), Script(), path="/v1/health/ready")
    assert [client.get("/v1/health/ready").status_code for _ in range(3)] == [503, 200, 200]
    assert client.post("/v1/chat/completions", json=CHAT).status_code == 200
    assert len(scripted.chat_requests()) == 1
    assert len(scripted.requests) == 4
