import pytest

from keywords.engine.http.insides import revealed_insides

URL = "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("ValueError\nTraceback (most recent call last):\n", "a traceback"),
        ('  File "/srv/app/routes/chat.py", line 87, in create', "a frame of a call stack"),
        ("goroutine 12 [running]:", "a traceback"),
        ("java.lang.X\n\tat com.example.Chat.create(Chat.java:12)", "a frame of a call stack"),
        ("server.cpp:123: bad", "a place in source code"),
        ("cannot open /home/qa/models/a.gguf", "the path of a file"),
        ("no connection to http://10.0.3.7:8000/v1", "the address of another process ('10.0.3.7:8000')"),
        ("no connection to 127.0.0.1:41234", "the address of another process ('127.0.0.1:41234')"),
        ("no connection to localhost:11434", "the address of another process ('localhost:11434')"),
    ],
)
def test_insides_are_found(text, what):
    assert any(what in found for found in revealed_insides(text, URL))


@pytest.mark.parametrize(
    "text",
    [
        "Unknown request URL: GET /v1/nope. Check the path; chat is POST /v1/chat/completions.",
        "Invalid type for 'messages[0].content': expected one of a string or array, but got 1.5 at line 3.",
        "Ask http://127.0.0.1:8080/v1/models for the models. See https://example.com/docs/errors.html",
        "The model 'a/b.c:7b' does not exist at this time (version 10.0.3.7).",
        "[json.exception.parse_error.101] parse error at line 1, column 11: syntax error",
    ],
)
def test_ordinary_errors_reveal_nothing(text):
    assert revealed_insides(text, URL) == []


def test_the_address_that_the_client_knows_is_no_inside_whoever_the_user_is():
    text = '{"error": "no route at http://127.0.0.1:8080/v2"}'
    assert revealed_insides(text, "http://user:password@127.0.0.1:8080") == []
    assert revealed_insides(text, "http://user:password@127.0.0.1:8081")
