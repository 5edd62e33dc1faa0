import httpx2
import pytest

from keywords.engine.openai.conformance import (
    completion_defects,
    error_defects,
    error_object_defects,
    model_list_defects,
)


def test_a_complete_completion_has_no_defect(make):
    assert completion_defects(make.completion("One", "Two", system_fingerprint="beyond the specification")) == []


def choice(**changes):
    return {"index": 0, "message": {"role": "assistant", "content": "x"}, "finish_reason": "stop", **changes}


@pytest.mark.parametrize(
    ("changes", "defects"),
    [
        ({"id": ""}, ["id must be a text, not empty"]),
        ({"model": None}, ["model must be a text, not empty"]),
        ({"object": "chat"}, ["object must be 'chat.completion', it is 'chat'"]),
        ({"created": 1.5}, ["created must be an integer (epoch seconds), it is 1.5"]),
        ({"created": 1_700_000_000_000}, ["created must be in seconds, 1700000000000 is too large: milliseconds?"]),
        ({"created": True}, ["created must be an integer (epoch seconds), it is True"]),
        ({"choices": []}, ["choices must be an array with at least one choice"]),
        ({"choices": [1]}, ["choices[0] must be an object"]),
        ({"choices": [choice(index=1)]}, ["choices[0].index must be 0, it is 1"]),
        (
            {"choices": [choice(message={"role": "user", "content": "x"})]},
            ["choices[0].message.role must be 'assistant', it is 'user'"],
        ),
        (
            {"choices": [choice(message={"role": "assistant"})]},
            ["choices[0].message.content must be there, as text or null"],
        ),
        ({"choices": [choice(message=None)]}, ["choices[0].message must be an object"]),
        ({"usage": None}, ["usage must be an object, it is null or missing"]),
        ({"usage": {"prompt_tokens": 1, "completion_tokens": 1}}, ["usage.total_tokens must be an integer from 0 up"]),
        (
            {"usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 3}},
            ["usage does not add up: 1 + 1 is not 3"],
        ),
    ],
)
def test_defects_of_a_completion(make, changes, defects):
    assert completion_defects(make.completion("x", **changes)) == defects


def test_an_unknown_finish_reason_is_a_defect(make):
    (defect,) = completion_defects(make.completion("x", choices=[choice(finish_reason=None)]))
    assert defect.startswith("choices[0].finish_reason is None, not one of content_filter")


def test_a_completion_that_is_no_object():
    assert completion_defects([1]) == ["the body must be an object, it is list"]


def error(**changes):
    return {"error": {"message": "No.", "type": "invalid_request_error", "param": None, "code": None, **changes}}


@pytest.mark.parametrize(
    ("body", "defect"),
    [
        ({"detail": []}, "must be an object with the object `error`"),
        ([], "must be an object with the object `error`"),
        ({"error": {"message": "No.", "type": "x", "param": None}}, "error.code is missing"),
        (error(message="  "), "error.message must be a text that says something"),
        (error(type=None), "error.type must be a text that says something"),
        (error(param=["a"]), "error.param must be a text or null"),
        (error(code=400), "error.code must be a text or null, it is 400"),
        (error(message='Traceback (most recent call last):\n  File "/x.py"'), "shows the inside of the program"),
    ],
)
def test_defects_of_an_error_object(body, defect):
    (found,) = error_object_defects(body)
    assert defect in found


@pytest.mark.parametrize(
    ("status", "response", "defects"),
    [
        (400, {"json": error(param="messages", code="empty_array")}, []),
        (200, {"json": error()}, ["the status must be 400 or more, it is 200"]),
        (
            404,
            {"text": "not found"},
            ["the content type must be application/json, it is 'text/plain'", "the body is not JSON: not found"],
        ),
        (
            500,
            {"content": b""},
            ["the content type must be application/json, it is ''", "the body is not JSON: (empty)"],
        ),
    ],
)
def test_defects_of_an_error_answer(gateway, status, response, defects):
    gateway.answers(status, **response)
    assert error_defects(gateway.client.send("GET", "/")) == defects


def test_no_answer_is_a_defect_of_an_error_answer(gateway):
    def nobody(_):
        raise httpx2.ReadTimeout("silence")

    gateway.answer = nobody
    assert error_defects(gateway.client.send("GET", "/")) == ["no answer came: ReadTimeout: silence"]


def test_defects_of_a_model_list():
    good = {"id": "a", "object": "model", "created": 0, "owned_by": "us"}
    assert model_list_defects({"object": "list", "data": [good]}) == []
    assert model_list_defects({"object": "list", "data": [good, 1]}) == [
        "data[1]: the model must be an object, it is int"
    ]
    assert model_list_defects({"data": None}) == [
        "object must be 'list', it is None",
        "data must be an array, it is null or missing",
    ]
