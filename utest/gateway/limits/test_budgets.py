"""What a budget is charged: for streams, pictures, hidden limits, and answers that nobody counted."""

import base64
import json
import threading
import time

import pytest

from gateway.limits import key_file

PICTURE = "data:image/png;base64," + base64.b64encode(bytes(450_000)).decode()
# About 8000 tokens in one event.
LONG = "word " * 8000


@pytest.fixture
def budget(start_gateway, backend, tmp_path):
    """A client with a key that has a budget; `spent()` waits for the end of the request and tells its tokens."""
    file = tmp_path / "keys.toml"
    key = key_file.add(file, "alice", {"budget_tokens": 200_000})
    with start_gateway(
        keys={"file": str(file)},
        backends={
            "up": {"kind": "openai", "base_url": f"{backend.url}/v1"},
            "claude": {"kind": "anthropic", "base_url": backend.url},
            "ollama": {"kind": "ollama", "base_url": backend.url},
            "azure": {"kind": "azure", "base_url": backend.url, "api_version": "2024-02-01"},
        },
        models={
            "m": {"route": [{"backend": "up"}]},
            "renamed": {"route": [{"backend": "up", "model": "inner"}]},
            "azure": {"route": [{"backend": "azure"}]},
            "claude": {"route": [{"backend": "claude"}]},
            "llama": {"route": [{"backend": "ollama"}]},
        },
    ) as client:
        client.http.headers["authorization"] = f"Bearer {key}"

        def spent():
            store = client.service._current.checks.admission.store
            tokens = -1
            for _ in range(100):
                if tokens == (tokens := store.spent_by("alice")[0]) and tokens:
                    break
                time.sleep(0.02)
            return tokens

        client.spent = spent
        yield client


def usage_chunk(prompt, completion, **fields):
    chunk = {"choices": [], "usage": {"prompt_tokens": prompt, "completion_tokens": completion}, **fields}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def test_a_stream_under_a_budget_asks_for_the_usage_and_the_client_sees_none_of_it(budget, backend):
    word = b'data: {"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}],"usage":null}\n\n'
    backend.streams(word, word, backend.chunk(finish="stop"), usage_chunk(700, 40), b"data: [DONE]\n\n")
    events = budget.events()
    assert json.loads(backend.bodies[-1])["stream_options"] == {"include_usage": True}
    assert [event for event in events if "usage" in event] == []
    assert [event["choices"][0]["delta"] for event in events[:2]] == [{"content": "x"}] * 2
    assert len(events) == 4
    assert budget.spent() == 740


def test_a_client_that_asks_itself_gets_the_usage(budget, backend):
    backend.streams(backend.chunk("x"), backend.chunk(finish="stop"), usage_chunk(700, 40), b"data: [DONE]\n\n")
    events = budget.events(stream_options={"include_usage": True})
    assert events[-2]["usage"]["prompt_tokens"] == 700
    assert budget.spent() == 740


@pytest.mark.parametrize("options", [None, {}, {"include_obfuscation": False}, {"include_usage": False}])
@pytest.mark.parametrize("model", ["m", "renamed"])
def test_other_options_of_a_stream_stay(budget, backend, options, model):
    backend.streams(backend.chunk("x"), backend.chunk(finish="stop"), usage_chunk(7, 4), b"data: [DONE]\n\n")
    budget.events(model, stream_options=options)
    body = json.loads(backend.bodies[-1])
    assert body["stream_options"] == {**(options or {}), "include_usage": True}
    assert budget.spent() == 11


def test_a_backend_that_knows_no_such_option_is_asked_without_it_from_then_on(budget, backend):
    whole = (backend.chunk("x" * 400), backend.chunk(finish="stop"), b"data: [DONE]\n\n")

    async def script(request):
        refuses = b"stream_options" in await request.read()
        if refuses:
            backend.answers({"error": {"message": "Unrecognized request argument supplied: stream_options"}}, 400)
        else:
            backend.streams(*whole)
        answer, backend.script = backend.script, script
        return await answer(request)

    backend.script = script
    assert budget.events("azure")[-1] == "[DONE]"
    assert budget.events("azure")[-1] == "[DONE]"
    assert ["stream_options" in json.loads(body) for body in backend.bodies] == [True, False, False]
    assert 2 * 100 <= budget.spent() <= 2 * 120


@pytest.mark.parametrize("words", ["stream_options.colour: extra fields not permitted", "flagged: include_usage"])
def test_a_client_that_is_refused_does_not_end_the_question_for_others(budget, backend, words):
    whole = (backend.chunk("x"), backend.chunk(finish="stop"), usage_chunk(700, 40), b"data: [DONE]\n\n")
    backend.answers({"error": {"message": words}}, 400)
    assert budget.chat(stream=True, stream_options={"colour": 1}).status_code == 400
    backend.streams(*whole)
    budget.events()
    assert json.loads(backend.bodies[-1])["stream_options"] == {"include_usage": True}
    assert budget.spent() == 740


def test_another_refusal_is_not_repeated(budget, backend):
    backend.answers({"error": {"message": "no such thing"}}, status=400)
    assert budget.chat(stream=True).status_code == 400
    assert len(backend.bodies) == 1


def test_without_a_budget_a_stream_goes_out_as_it_came(client, backend):
    backend.streams(backend.chunk("x"), backend.chunk(finish="stop"), b"data: [DONE]\n\n")
    client.events()
    assert b"stream_options" not in backend.bodies[-1]


@pytest.mark.parametrize(
    "path", ["/v1/chat/completions", "/v1/completions", "/v1/messages"], ids=["chat", "text", "messages"]
)
def test_a_stream_that_nobody_counts_is_charged_by_its_text(budget, backend, path):
    choice = {"index": 0, "finish_reason": None} | (
        {"text": LONG} if path == "/v1/completions" else {"delta": {"content": LONG}}
    )
    finish = {"index": 0, "finish_reason": "stop", "text": "", "delta": {}}
    backend.streams(
        *(b"data: " + json.dumps({"choices": [each]}).encode() + b"\n\n" for each in (choice, finish)),
        b"data: [DONE]\n\n",
    )
    question = {"prompt": "hi"} if path == "/v1/completions" else {"messages": [{"role": "user", "content": "hi"}]}
    response = budget.post({"model": "m", "stream": True, "max_tokens": 20_000, **question}, path=path)
    assert response.status_code == 200
    assert 7000 < budget.spent() < 12_000


@pytest.mark.parametrize("stream", [True, False])
def test_a_picture_is_not_charged_as_text(budget, backend, stream):
    part = {"type": "image_url", "image_url": {"url": PICTURE}}
    if stream:
        backend.streams(backend.chunk("x"), backend.chunk(finish="stop"), b"data: [DONE]\n\n")
    else:
        backend.answers({"choices": [{"message": {"content": "x"}, "finish_reason": "stop"}]})
    budget.chat(messages=[{"role": "user", "content": [part]}], stream=stream).read()
    assert 700 < budget.spent() < 1700


def test_a_short_answer_that_nobody_counted_is_charged_by_its_text(budget, backend):
    backend.answers({"choices": [{"message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}]})
    budget.chat()
    assert budget.spent() < 12


@pytest.mark.parametrize(
    "limit",
    [
        {"max_tokens": 1, "n_predict": 150_000},
        {"max_completion_tokens": 1, "max_tokens": 150_000},
        {"max_tokens": 1, "num_predict": 150_000},
        {"max_tokens": 1, "options": {"num_predict": 150_000}},
        {"max_tokens": 1, "max_new_tokens": 150_000},
        {"max_tokens": 20_000, "n_cmpl": 8},
    ],
)
def test_a_budget_is_not_overrun_by_another_name_of_the_limit(budget, backend, limit):
    backend.streams(json.dumps({"choices": []}).encode(), pause_s=0.3, kind="application/json")
    first = threading.Thread(target=lambda: budget.chat(**limit))
    first.start()
    assert backend.called.wait(5)
    assert budget.chat(**limit).status_code == 429
    first.join()


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
@pytest.mark.parametrize(("counted", "spent"), [(5000, 5100), (-5000, 105), (True, 105), (2**70, 105), (0, 105)])
def test_a_client_that_leaves_anthropics_stream_pays_the_prompt_as_anthropic_counted_it(  # fixtures
    budget, backend, path, counted, spent
):
    def native(kind, **fields):
        return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()

    backend.streams(
        native("message_start", message={"id": "msg_1", "usage": {"input_tokens": counted, "output_tokens": 1}}),
        native("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        native("content_block_delta", index=0, delta={"type": "text_delta", "text": "word" * 100}),
        pause_s=5,
    )
    request = {"model": "claude", "max_tokens": 500, "messages": [{"role": "user", "content": "hi"}], "stream": True}
    with budget.http.stream("POST", path, json=request) as response:
        for line in response.iter_lines():
            if "wordword" in line:
                break
    assert backend.closed.wait(5)
    assert budget.spent() == spent


def test_an_answer_of_ollama_that_nobody_counted_is_charged_by_its_text(budget, backend):
    backend.answers({"model": "l", "message": {"role": "assistant", "content": "word" * 100}, "done": True})
    assert budget.chat("llama").status_code == 200
    assert budget.spent() == 105
