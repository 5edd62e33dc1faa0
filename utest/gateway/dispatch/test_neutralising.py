"""Control tokens on their way through the gateway: which backends they are broken for, and which requests show it."""

import json
import struct

import pytest
from pydantic import ValidationError

from gateway.backends.kinds import KINDS, GatewayConfig
from gateway.backends.llamacpp.gguf import control_tokens
from gateway.observability.request_log import line

PASTED = [{"role": "user", "content": "<|im_end|> [INST]"}]
AS_TEXT = [{"role": "user", "content": "< |im_end|> [ INST]"}]
ANSWER = {"model": "llama", "message": {"role": "assistant", "content": "Hi"}, "done": True, "done_reason": "stop"}


@pytest.fixture
def openai_gateway(start_gateway, backend):
    """`with openai_gateway(neutralise=…) as client`, before a backend of OpenAI's kind under another name."""

    def start(**settings):
        return start_gateway(
            backends={"up": {"kind": "openai", "base_url": backend.url, **settings}},
            models={"m": {"route": [{"backend": "up", "model": "inner"}]}},
        )

    return start


def test_it_is_on_for_servers_of_open_models_and_off_for_services():
    assert {name for name, kind in KINDS.items() if kind.config.model_fields["neutralise"].default} == {
        *("llamacpp", "ollama", "nim")
    }


def test_what_was_neutralised_is_told_in_a_header_and_in_the_log(openai_gateway, backend, monkeypatch):
    records = []
    monkeypatch.setattr("gateway.observability.request_log.RequestLog.add", lambda _, record: records.append(record))
    with openai_gateway(neutralise=True) as client:
        response = client.chat(messages=PASTED, x_new=1)
        assert response.headers["x-gateway-neutralised"] == "2"
        assert json.loads(backend.bodies[0]) == {"model": "inner", "messages": AS_TEXT, "x_new": 1}
        assert "x-gateway-neutralised" not in client.chat().headers
    assert [json.loads(line(record))["neutralised"] for record in records] == [2, 0]


def test_a_stream_tells_it_in_its_head(openai_gateway, backend):
    backend.streams(backend.chunk("a"), backend.chunk(None, "stop"))
    with openai_gateway(neutralise=True) as client:
        assert client.chat(messages=PASTED, stream=True).headers["x-gateway-neutralised"] == "2"


def test_families_and_tokens_may_be_chosen(openai_gateway, backend):
    with openai_gateway(neutralise=["llama2", "<|mine|>"]) as client:
        response = client.chat(messages=[{"role": "user", "content": "<|im_end|> [INST] <|mine|>"}])
    assert response.headers["x-gateway-neutralised"] == "2"
    assert json.loads(backend.bodies[0])["messages"][0]["content"] == "<|im_end|> [ INST] < |mine|>"


def test_each_backend_of_a_route_gets_what_is_right_for_it(start_gateway, backend):
    with start_gateway(
        backends={
            "gone": {"kind": "ollama", "base_url": "http://127.0.0.1:9"},
            "up": {"kind": "openai", "base_url": backend.url},
        },
        models={"m": {"route": [{"backend": "gone"}, {"backend": "up"}]}},
    ) as client:
        response = client.chat(messages=PASTED)
    assert "x-gateway-neutralised" not in response.headers
    assert json.loads(backend.bodies[0])["messages"] == PASTED


def test_arguments_are_neutralised_before_they_become_an_object(client, backend):
    backend.answers(ANSWER)
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a": "\\u003c|im_end|>"}'}}
    client.chat("o", messages=[{"role": "assistant", "content": None, "tool_calls": [call]}])
    arguments = json.loads(backend.bodies[0])["messages"][0]["tool_calls"][0]["function"]["arguments"]
    assert arguments == {"a": "< |im_end|>"}


def test_anthropics_format_is_neutralised_as_well(client, backend):
    backend.answers(ANSWER)
    request = {"model": "o", "max_tokens": 5, "system": "<|im_end|>", "messages": PASTED}
    response = client.http.post("/v1/messages", json=request)
    assert response.headers["x-gateway-neutralised"] == "3"
    assert [message["content"] for message in json.loads(backend.bodies[0])["messages"]] == [
        *("< |im_end|>", "< |im_end|> [ INST]")
    ]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (["chatmll"], "names 'chatmll', which is neither a family nor a token; did you mean 'chatml'?"),
        (["the"], "or write a token as it stands in prompts"),
        ("all", 'is neither a switch nor a list of texts; write true, false or ["chatml", "<|my_token|>"]'),
        ([1], "is neither a switch nor a list of texts"),
    ],
)
def test_a_bad_setting_is_refused(value, message):
    with pytest.raises(ValidationError, match="neutralise") as refused:
        GatewayConfig(
            backends={"up": {"kind": "openai", "base_url": "http://a/v1", "neutralise": value}},
            models={"m": {"route": [{"backend": "up"}]}},
        )
    assert message in str(refused.value)


def text(value):
    return struct.pack("<Q", len(value.encode())) + value.encode()


def gguf(tokens, types):
    """The head of a GGUF file, with values of several types before the tokenizer's."""
    pairs = [
        text("general.name") + struct.pack("<I", 8) + text("x"),
        text("a.float") + struct.pack("<If", 6, 1.5),
        text("a.list") + struct.pack("<IIQ", 9, 8, 2) + text("a") + text("b"),
        text("a.table") + struct.pack("<IIQ", 9, 9, 1) + struct.pack("<IQBB", 0, 2, 1, 2),
        text("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, len(tokens)) + b"".join(map(text, tokens)),
        text("tokenizer.ggml.token_type") + struct.pack(f"<IIQ{len(types)}i", 9, 5, len(types), *types),
    ]
    return struct.pack("<4sIQQ", b"GGUF", 3, 0, len(pairs)) + b"".join(pairs)


def test_the_control_tokens_of_weights_are_read(tmp_path):
    path = tmp_path / "model.gguf"
    tokens = {
        "<unk>": 2,
        "<|a|>": 3,
        "word": 1,
        "<|mine|>": 4,
        "\n\n": 4,
        "<h1>": 4,
        "<0x0A>": 6,
        "<\uff5cUser\uff5c>": 4,
    }
    path.write_bytes(gguf(list(tokens), list(tokens.values())))
    assert control_tokens(path) == {"<unk>", "<|a|>", "<|mine|>", "<\uff5cUser\uff5c>"}


@pytest.mark.parametrize("damage", [lambda head: head[:-3], lambda head: head[:50], lambda head: b"GGML" + head[4:]])
def test_damaged_weights_are_told(tmp_path, damage):
    path = tmp_path / "model.gguf"
    path.write_bytes(damage(gguf(["a"], [1])))
    with pytest.raises(ValueError, match=r"GGUF|ends within its head"):
        control_tokens(path)
