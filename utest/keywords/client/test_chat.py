import pytest
from assertionengine import AssertionOperator

from keywords.client.chat import ChatLibrary
from keywords.client.models import ModelsLibrary
from keywords.engine.openai.client import NotAnAnswer

EQUAL, LESS = AssertionOperator["=="], AssertionOperator["<"]


def test_ask_sends_only_what_is_given(gateway):
    ChatLibrary().ask("Hello", temperature=0.0, extra={"top_k": 1})
    message = {"role": "user", "content": "Hello"}
    assert gateway.bodies == [
        {"model": "model-a", "messages": [message], "temperature": 0.0, "max_tokens": 64, "top_k": 1}
    ]


def test_the_newer_limit_takes_the_place_of_the_older(gateway):
    ChatLibrary().ask("Hello", max_completion_tokens=7)
    assert gateway.bodies[0]["max_completion_tokens"] == 7
    assert "max_tokens" not in gateway.bodies[0]


def test_a_conversation_and_questions_at_once(gateway):
    ChatLibrary().ask_conversation([{"role": "user", "content": "a"}], max_tokens=None)
    assert len(ChatLibrary().ask_together("x", "y", seed=1)) == 2
    assert "max_tokens" not in gateway.bodies[0]
    assert sorted(body["messages"][0]["content"] for body in gateway.bodies[1:]) == ["x", "y"]


@pytest.mark.usefixtures("gateway")
def test_getters_return_and_judge():
    chat = ChatLibrary()
    answer = chat.ask("Hello")
    assert chat.get_text(answer) == "OK"
    assert chat.get_finish_reason(answer, EQUAL, "stop") == "stop"
    assert chat.get_usage(answer, "total_tokens", EQUAL, 5) == 5
    with pytest.raises(AssertionError, match="The text of the answer should be 'no', got 'OK'"):
        chat.get_text(answer, EQUAL, "no")
    with pytest.raises(AssertionError, match=r"usage.prompt_tokens \(tokens\) should be less than 3, got 3"):
        chat.get_usage(answer, "prompt_tokens", LESS, 3)
    with pytest.raises(AssertionError, match="too long"):
        chat.get_text(answer, EQUAL, "no", "too long")


def test_missing_usage_is_none_and_cannot_be_compared(gateway, make):
    gateway.answers(200, json=make.completion("OK", usage=None))
    chat = ChatLibrary()
    answer = chat.ask("Hello")
    assert chat.get_usage(answer, "total_tokens", EQUAL, None) is None
    with pytest.raises(
        AssertionError, match=r"usage.total_tokens \(tokens\) should be compared with 3, but there is none"
    ):
        chat.get_usage(answer, "total_tokens", LESS, 3)
    with pytest.raises(AssertionError, match=r"The answer has no usage$"):
        chat.get_usage(answer, "total_tokens")
    with pytest.raises(AssertionError, match="usage must be an object"):
        chat.usage_should_add_up(answer)


def test_usage_that_does_not_add_up(gateway, make):
    gateway.answers(200, json=make.completion("OK", usage={**make.usage, "total_tokens": 6}))
    with pytest.raises(AssertionError, match="3 \\+ 2 is not 6"):
        ChatLibrary().usage_should_add_up(ChatLibrary().ask("Hello"))


def test_an_incomplete_completion_fails_with_every_defect(gateway, make):
    chat = ChatLibrary()
    chat.answer_should_be_a_complete_chat_completion(chat.ask("Hello"))
    gateway.answers(200, json=make.completion("OK", id="", object="x"))
    with pytest.raises(AssertionError, match=r"id must be a text, not empty; object must be 'chat\.completion'"):
        chat.answer_should_be_a_complete_chat_completion(chat.ask("Hello"))


def model(name="model-a", **changes):
    return {"id": name, "object": "model", "created": 1, "owned_by": "us", **changes}


def test_models(gateway):
    gateway.answers(200, json={"object": "list", "data": [model(), model("b")]})
    assert ModelsLibrary().list_models() == ["model-a", "b"]
    gateway.answers(200, json={"object": "list", "data": [model(owned_by=None)]})
    with pytest.raises(NotAnAnswer, match="owned_by must be a text"):
        ModelsLibrary().list_models()
    gateway.answers(200, json={"object": "list", "data": [model()]})
    ModelsLibrary().list_models(EQUAL, ["model-a"])
    with pytest.raises(AssertionError, match="The ids of the models"):
        ModelsLibrary().list_models(EQUAL, ["other"])


def test_one_question_is_asked_so_many_times_at_once(gateway):
    assert len(ChatLibrary().ask_together("x", times=3)) == 3
    assert len(gateway.bodies) == 3


def test_a_tool_is_offered(gateway):
    ChatLibrary().ask("Rain?", tool={"type": "function"})
    assert gateway.bodies[0]["tools"] == [{"type": "function"}]


def test_one_model(gateway):
    gateway.answers(200, json=model())
    assert ModelsLibrary().get_model()["id"] == "model-a"
    assert gateway.asked[0].url.path == "/v1/models/model-a"
    with pytest.raises(AssertionError, match="id must be 'other', it is 'model-a'"):
        ModelsLibrary().get_model("other")


def test_tokens_are_counted_for_the_choices_that_came(gateway, make):
    chat = ChatLibrary()
    body = make.completion("OK")
    body["usage"] = {"prompt_tokens": 1, "completion_tokens": 4, "total_tokens": 5}
    gateway.answers(200, json=body)
    chat.usage_should_count_each_choice(chat.ask("Hello", n=2), 4)
    body["choices"].append({**body["choices"][0], "index": 1})
    gateway.answers(200, json=body)
    with pytest.raises(AssertionError, match="of 2 choices with 4 tokens each should be 8, got 4"):
        chat.usage_should_count_each_choice(chat.ask("Hello", n=2), 4)
    gateway.answers(200, json=make.completion("OK", usage=None))
    with pytest.raises(AssertionError, match="of 1 choices with 4 tokens each"):
        chat.usage_should_count_each_choice(chat.ask("Hello", n=2), 4)
