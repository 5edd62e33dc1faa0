"""The turns of a chat request as Anthropic takes them: ids, pictures, and none that is blank."""

import re

import pytest

from gateway.backends.anthropic.tool_ids import anthropic_id, original_id
from utest.gateway.backends.anthropic.anthropic_requests import translated


def turns(*messages):
    return translated(messages=list(messages))["messages"]


def user(content):
    return {"role": "user", "content": content}


def assistant(content=None, **fields):
    return {"role": "assistant", "content": content, **fields}


def parts(*texts):
    return [{"type": "text", "text": text} for text in texts]


@pytest.mark.parametrize("call_id", ["functions.f:0", "call|1", "a b", "é", "", "x" * 70 + "."])
def test_an_id_of_another_server_gets_anthropics_form(call_id):
    call = {"id": call_id, "type": "function", "function": {"name": "f", "arguments": "{}"}}
    used, answered = turns(assistant(tool_calls=[call]), {"role": "tool", "tool_call_id": call_id, "content": "1"})
    new = used["content"][0]["id"]
    assert re.fullmatch(r"[a-zA-Z0-9_-]+", new)
    assert answered["content"][0]["tool_use_id"] == new
    assert original_id(new) == call_id


def test_no_two_ids_become_one():
    ids = ["call_1", "call-1", "call.1", "call:1", "call 1", "call|1", "call_1_", "", "_", ".", "é", "e"]
    ids += [anthropic_id(call_id) for call_id in ids]
    assert len({anthropic_id(call_id) for call_id in ids}) == len(set(ids))
    assert [original_id(anthropic_id(call_id)) for call_id in ids] == ids
    assert [original_id(strange) for strange in ("toolu_b64_!", "toolu_b64_YQ", "toolu_b64_gg", "t")] == [
        "toolu_b64_!", "toolu_b64_YQ", "toolu_b64_gg", "t",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("data:image/png;base64,AAAA", "image/png"),
        ("data:image/jpg;base64,AAAA", "image/jpeg"),
        ("data:image/JPG;base64,AAAA", "image/jpeg"),
        ("data:IMAGE/PNG;base64,AAAA", "image/png"),
        ("data:image/png;name=a.png;base64,AAAA", "image/png"),
        ("data:image/png;charset=utf-8;base64,AAAA", "image/png"),
        ('data:image/png;name="a b.png";x=1;base64,AAAA', "image/png"),
        ("DATA:image/png;BASE64,AAAA", "image/png"),
    ],
)
def test_data_urls(url, kind):
    (turn,) = turns(user([{"type": "image_url", "image_url": {"url": url}}]))
    assert turn["content"][0]["source"] == {"type": "base64", "media_type": kind, "data": "AAAA"}


def test_an_address_ignores_case():
    (turn,) = turns(user([{"type": "image_url", "image_url": {"url": "HTTPS://x/y.png"}}]))
    assert turn["content"][0]["source"] == {"type": "url", "url": "HTTPS://x/y.png"}


@pytest.mark.parametrize("blank", ["", " ", "\n\t", parts(""), parts(" ", "\n"), []])
def test_no_turn_is_blank(blank):
    assert turns(user("a"), assistant(blank), user("b")) == [user("a"), user("b")]
    assert turns(user("a"), assistant("b"), user(blank)) == [user("a"), assistant("b"), user(".")]
    assert turns(user(blank)) == [user(".")]
    assert turns({"role": "system", "content": "s"}) == [user(".")]
    assert "system" not in translated(messages=[{"role": "system", "content": blank}, user("a")])


def test_blank_text_leaves_what_stands_beside_it():
    call = {"id": "t", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    use = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
    assert turns(assistant(" ", tool_calls=[call])) == [assistant([use])]
    assert turns(user([*parts("a", " "), {"type": "refusal", "refusal": ""}])) == [user(parts("a"))]
    assert turns(assistant(thinking_blocks=[{"type": "thinking"}])) == [assistant([{"type": "thinking"}])]
