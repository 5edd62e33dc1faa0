"""The server around transformers speaks OpenAI's API; its batches make the tokens that each request gets alone."""

import json
import threading
import urllib.error
import urllib.request
from types import SimpleNamespace

import pytest

from ops.transformers_server.engine import END, Engine, Request
from ops.transformers_server.http import Server
from ops.transformers_server.models import ByteTokenizer, load


class ScriptedEngine:
    """Gives each request the same tokens, of which it takes what it asked for."""

    length = 64
    load = (0, 0)

    def __init__(self):
        self.tokens = list(range(100))
        self.ends_with = ""
        self.requests = []

    def submit(self, request):
        self.requests.append(request)
        for token in self.tokens[: request.max_tokens]:
            request.answer.append(token)
            request.tokens.put(token)
        request.finish_reason = self.ends_with or ("length" if len(request.answer) == request.max_tokens else "stop")
        request.tokens.put(END)


@pytest.fixture
def engine():
    return ScriptedEngine()


@pytest.fixture
def server(engine):
    loaded = SimpleNamespace(id="random-tiny", tokenizer=ByteTokenizer())
    server = Server(("127.0.0.1", 0), loaded, engine)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def send(url, body=None):
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=data), timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def chat(**more):
    return {"model": "m", "messages": [{"role": "user", "content": "Hi"}], **more}


def test_health_and_models_tell_the_model(server):
    assert json.loads(send(f"{server}/health")[1]) == {
        "status": "ok",
        "model": "random-tiny",
        "working": 0,
        "waiting": 0,
    }
    assert json.loads(send(f"{server}/v1/models")[1])["data"][0]["id"] == "random-tiny"
    assert send(f"{server}/nothing")[0] == 404


def test_a_whole_answer_has_text_reason_and_usage(server, engine):
    status, data = send(f"{server}/v1/chat/completions", chat(max_tokens=3, temperature=0.5, top_p=0.9, seed=7))
    answer = json.loads(data)
    assert status == 200
    assert answer["choices"] == [
        {"index": 0, "message": {"role": "assistant", "content": "abc"}, "finish_reason": "length"}
    ]
    assert answer["usage"] == {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
    request = engine.requests[0]
    assert (request.temperature, request.top_p, request.seed) == (0.5, 0.9, 7)


def events(data):
    return [line.removeprefix("data: ") for line in data.decode().splitlines() if line.startswith("data: ")]


def test_a_stream_has_a_role_then_each_token_then_reason_usage_and_done(server):
    _, data = send(
        f"{server}/v1/chat/completions", chat(max_tokens=2, stream=True, stream_options={"include_usage": True})
    )
    *parts, done = events(data)
    parts = [json.loads(part) for part in parts]
    assert done == "[DONE]"
    deltas = [part["choices"][0]["delta"] for part in parts[:-1]]
    assert deltas == [{"role": "assistant", "content": ""}, {"content": "a"}, {"content": "b"}, {}]
    assert parts[-2]["choices"][0]["finish_reason"] == "length"
    assert parts[-1]["usage"]["completion_tokens"] == 2
    assert len({part["id"] for part in parts}) == 1


def test_without_the_option_a_stream_has_no_usage(server):
    _, data = send(f"{server}/v1/chat/completions", chat(max_tokens=2, stream=True))
    assert "usage" not in data.decode()


class HalfTokenizer(ByteTokenizer):
    """Two tokens make one character; one alone is half a character."""

    def decode(self, ids):
        return "é" * (len(ids) // 2) + ("\ufffd" if len(ids) % 2 else "")


def test_half_a_character_waits_for_its_other_half(engine):
    server = Server(("127.0.0.1", 0), SimpleNamespace(id="m", tokenizer=HalfTokenizer()), engine)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    _, data = send(f"http://127.0.0.1:{server.server_address[1]}/v1/chat/completions", chat(max_tokens=4, stream=True))
    server.shutdown()
    server.server_close()
    parts = [json.loads(part)["choices"][0]["delta"].get("content") for part in events(data)[:-1]]
    assert parts == ["", "é", "é", None]


@pytest.mark.parametrize(
    ("body", "field", "told"),
    [
        (b"{", None, "no JSON"),
        ([], None, "must be a JSON object"),
        ({}, "messages", "must be a list of messages"),
        ({"messages": ["Hi"]}, "messages", "must be a list of messages"),
        (chat(max_tokens="many"), "max_tokens", "'many'; give a whole number"),
        (chat(max_tokens=-1), "max_tokens", "-1; give a whole number"),
        (chat(temperature="hot"), "temperature", "'hot'; give a number"),
        (chat(top_p=-1), "top_p", "-1; give a number"),
        ({"messages": [{"role": "user", "content": "x" * 99}]}, "messages", "tokens; shorten it below 64"),
    ],
)
def test_a_bad_request_is_refused_with_field_and_remedy(server, engine, body, field, told):
    status, data = send(f"{server}/v1/chat/completions", body)
    error = json.loads(data)["error"]
    assert (status, error["param"], error["type"]) == (400, field, "invalid_request_error")
    assert told in error["message"]
    assert engine.requests == []


@pytest.mark.parametrize("stream", [False, True])
def test_an_engine_that_stops_is_an_error_and_never_an_answer(server, engine, stream):
    engine.ends_with = "error"
    status, data = send(f"{server}/v1/chat/completions", chat(max_tokens=2, stream=stream))
    assert status == (200 if stream else 500)
    assert "the engine has stopped" in data.decode()
    assert '"finish_reason": "length"' not in data.decode()


# ---- the engine itself, where PyTorch and transformers are installed


@pytest.fixture(scope="module")
def tiny():
    torch = pytest.importorskip("torch", reason="PyTorch is installed on GPU machines only")
    pytest.importorskip("transformers", reason="transformers is installed on GPU machines only")
    # Threads that wait for each other take a busy machine minutes.
    torch.set_num_threads(1)
    return load("random:tiny", "cpu", "16", 256)


PROMPTS = [[3 + (7 * i + 13 * j) % 250 for j in range(5 + 3 * i)] for i in range(9)]


def answers(engine, requests):
    for request in requests:
        engine.submit(request)
    for request in requests:
        while request.tokens.get() is not END:
            pass
    return [request.answer for request in requests]


@pytest.mark.parametrize("options", [{"rows": 1}, {"rows": 4}, {"rows": 16}, {"rows": 4, "uses_cache": False}], ids=str)
def test_each_request_of_a_batch_gets_the_tokens_that_transformers_makes_for_it_alone(tiny, options):
    import torch  # noqa: PLC0415  # a fixture skips without it

    truth = []
    for number, prompt in enumerate(PROMPTS):
        ids = torch.tensor([prompt])
        made = tiny.model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=12 + number,
            do_sample=False,
            pad_token_id=0,
            eos_token_id=None,
        )
        truth.append(made[0, len(prompt) :].tolist())
    engine = Engine(tiny, length=256, **options)
    made = answers(engine, [Request(prompt, 12 + number) for number, prompt in enumerate(PROMPTS)])
    engine.close()
    assert made == truth
    assert engine.largest_batch == min(options["rows"], len(PROMPTS))


def test_a_seed_gives_the_same_draws_beside_others(tiny):
    engine = Engine(tiny, rows=4, length=256)
    drawn = [Request(PROMPTS[0], 8, 1.0, 0.9, seed=7), Request(PROMPTS[1], 8, 1.0, 0.9, seed=7)]
    beside, alone = answers(engine, drawn)[0], answers(engine, [Request(PROMPTS[0], 8, 1.0, 0.9, seed=7)])[0]
    engine.close()
    assert beside == alone


def test_a_cancelled_request_makes_room(tiny):
    engine = Engine(tiny, rows=1, length=256)
    left = Request(PROMPTS[0], 200)
    engine.submit(left)
    left.tokens.get()
    left.cancelled = True
    assert len(answers(engine, [Request(PROMPTS[1], 4)])[0]) == 4
    engine.close()
    assert len(left.answer) < 200


@pytest.mark.parametrize("bits", ["int8", "fp8"])
def test_weights_of_eight_bits_take_less_memory_and_give_much_the_same(tiny, bits):
    narrow = load("random:tiny", "cpu", bits, 256)
    assert narrow.id == f"random-tiny-{bits}"
    assert narrow.weight_bytes < 0.7 * tiny.weight_bytes
    engines = [Engine(each, rows=4, length=256) for each in (tiny, narrow)]
    wide, made = (answers(each, [Request(prompt, 4) for prompt in PROMPTS]) for each in engines)
    for each in engines:
        each.close()
    assert sum(left == right for left, right in zip(wide, made, strict=True)) > len(PROMPTS) / 2
