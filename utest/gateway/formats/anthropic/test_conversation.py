"""The turns of a Messages request as chat messages: the results of tools, and what they show."""

import pytest

from gateway.backends.anthropic.tool_ids import anthropic_id
from utest.gateway.formats.anthropic.chat_requests import PIXEL, messages, result, text, translated, user

PICTURE = {"type": "image", "source": PIXEL}
PICTURE_PART = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
USES = {
    "role": "assistant",
    "content": [{"type": "tool_use", "id": call_id, "name": "f", "input": {}} for call_id in ("t1", "t2")],
}


def order(*turns):
    """The roles of the messages, with the id of each result and the texts of each user's message."""
    found = []
    for message in messages(*turns):
        content = message["content"]
        texts = [part.get("text", "picture") for part in content] if isinstance(content, list) else [content]
        found.append(message.get("tool_call_id") or (message["role"], *texts))
    return found


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        ([user(text("see"), *result("t1")["content"])], ["t1", ("user", "see")]),
        (
            [user(*result("t1")["content"], text("a"), *result("t2")["content"], text("b"))],
            ["t1", "t2", ("user", "a", "b")],
        ),
        ([user(*result("t1")["content"], *result("t2")["content"])], ["t1", "t2"]),
        ([user(*result("t1")["content"], text("a")), result("t2")], ["t1", "t2", ("user", "a")]),
        ([{"role": "user", "content": "a"}, result("t1"), result("t2")], ["t1", "t2", ("user", "a")]),
    ],
)
def test_the_results_of_tools_follow_their_calls_and_the_user_speaks_after_them(turns, expected):
    start, end = {"role": "user", "content": "go"}, {"role": "assistant", "content": "ok"}
    found = order(start, USES, *turns, end, USES, *turns)
    calls = ("assistant", None)
    assert found == [("user", "go"), calls, *expected, ("assistant", "ok"), calls, *expected]
    assert [m["role"] for m in messages(USES, result("t1"), result("t2"), system="s")][:2] == ["system", "assistant"]


@pytest.mark.parametrize(
    ("block", "part"),
    [
        (PICTURE, PICTURE_PART),
        (
            {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "AA=="}},
            {"type": "file", "file": {"filename": "document.pdf", "file_data": "data:application/pdf;base64,AA=="}},
        ),
    ],
)
def test_what_a_result_shows_comes_from_the_user_after_it(block, part):
    shown = messages(
        USES, user(*result("t1", text("a"), block)["content"], *result("t2", block)["content"], text("so?"))
    )
    assert [(m["role"], m["content"]) for m in shown[1:]] == [
        ("tool", "a"),
        ("tool", "The user shows the result."),
        (
            "user",
            [text("Result of the tool call t1:"), part, text("Result of the tool call t2:"), part, text("so?")],
        ),
    ]


@pytest.mark.parametrize(
    ("source", "content"),
    [
        ({"type": "text", "media_type": "text/plain", "data": "words"}, [text("name"), text("words")]),
        ({"type": "content", "content": "words"}, [text("name"), text("words")]),
        ({"type": "content", "content": [text("words"), PICTURE]}, [text("name"), text("words"), PICTURE_PART]),
        (
            {"type": "base64", "media_type": "application/pdf", "data": "AA=="},
            [{"type": "file", "file": {"filename": "name", "file_data": "data:application/pdf;base64,AA=="}}],
        ),
    ],
)
def test_documents(source, content):
    assert messages(user({"type": "document", "title": "name", "source": source}))[0]["content"] == content


def test_the_betas_form_of_an_answer_is_kept():
    form = {"type": "json_schema", "schema": {"type": "object"}}
    expected = translated(output_config={"format": form})["response_format"]
    assert translated(output_format=form)["response_format"] == expected
    other = {"type": "json_schema", "schema": {"type": "string"}}
    assert translated(output_format=other, output_config={"format": form})["response_format"] == expected
    assert "response_format" not in translated(output_format=None, mcp_servers=[])


def test_an_id_goes_back_to_the_server_that_made_it():
    first, second = "functions.f:0", "call_1"
    uses = [{"type": "tool_use", "id": anthropic_id(i), "name": "f", "input": {}} for i in (first, second)]
    back = messages({"role": "assistant", "content": uses}, result(anthropic_id(first)), result(anthropic_id(second)))
    assert [call["id"] for call in back[0]["tool_calls"]] == [first, second]
    assert [message["tool_call_id"] for message in back[1:]] == [first, second]
