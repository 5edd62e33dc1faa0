"""The outcome of a capability is right, above all `lost`."""

import json

import pytest

from keywords.engine.capabilities.backends import CAPABILITIES, outcome, table
from keywords.engine.http.exchange import Chunk, Exchange


def answered(status=200, dropped=None, param=None):
    headers = {"x-gateway-dropped-params": dropped} if dropped else {}
    body = json.dumps({"error": {"param": param}} if param else {}).encode()
    return Exchange(
        "POST", "http://x", {}, b"", 0.0, status=status, response_headers=headers, chunks=[Chunk(0.0, body)]
    )


SEED = CAPABILITIES["seed"]


@pytest.mark.parametrize(
    ("wire", "exchange", "received", "expected"),
    [
        ("openai", answered(), {"seed": 7}, "taken"),
        ("ollama", answered(), {"options": {"seed": 7}}, "taken"),
        ("ollama", answered(), {"options": {}}, "lost"),
        ("ollama", answered(), {"seed": 7}, "lost"),
        ("anthropic", answered(), {}, "lost"),
        ("anthropic", answered(dropped="user, seed"), {}, "dropped"),
        ("anthropic", answered(dropped="seeds"), {}, "lost"),
        ("anthropic", answered(400, param="seed"), None, "refused"),
    ],
)
def test_outcomes(wire, exchange, received, expected):
    assert outcome(SEED, wire, exchange, received) == expected


@pytest.mark.parametrize(
    ("exchange", "received"),
    [
        (answered(400, param="n"), None),
        (answered(400, param="seed"), {"seed": 7}),
        (answered(dropped="seed"), {"seed": 7}),
        (answered(502), None),
    ],
)
def test_what_makes_no_sense_is_an_error(exchange, received):
    with pytest.raises(ValueError, match=r"seed|refused|502"):
        outcome(SEED, "openai", exchange, received)


def test_paths_go_through_lists():
    image = CAPABILITIES["an image"]
    assert outcome(image, "ollama", answered(), {"messages": [{"images": ["AAAA"]}]}) == "taken"
    assert outcome(image, "ollama", answered(), {"messages": [{"images": []}]}) == "lost"


def test_the_table():
    assert table({"seed": {"openai": "taken", "anthropic": "dropped"}, "n>1": {"openai": "taken"}}) == (
        "| asked for | openai | anthropic |\n| --- | --- | --- |\n| seed | taken | dropped |\n| n>1 | taken |  |\n"
    )
