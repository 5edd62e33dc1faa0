"""Each trial lets a server pass that takes its field, and finds one that ignores or damages it."""

import re
from unicodedata import normalize

import httpx2
import pytest

from keywords.engine.capabilities.asking import InconclusiveError
from keywords.engine.capabilities.model import TRIALS, try_capability
from keywords.engine.openai.client import ChatClient

NOT_IN_TOY = {"an image", "an image by address", "one tool at a time", "reasoning_effort", "user"}


@pytest.mark.parametrize("capability", sorted(TRIALS.keys() - NOT_IN_TOY))
def test_a_sound_server_takes_everything(toy_server, capability):
    result = try_capability(toy_server().client, capability)
    assert (result.outcome, result.detail) == ("taken", "")


def without(*names, streamed=None):
    """Forget fields of requests; with `streamed`, only of those that stream or do not."""

    def spoil(body):
        if streamed is not None and bool(body.get("stream")) != streamed:
            return body
        return {name: value for name, value in body.items() if name not in names}

    return spoil


def with_fields(**fields):
    return lambda body: body | fields


def messages(change):
    return lambda body: body | {"messages": change(body["messages"])}


def without_role(role):
    return messages(lambda conversation: [message for message in conversation if message["role"] != role])


def each_content(change):
    def one(message):
        content = message.get("content")
        return message | {"content": change(content) if isinstance(content, str) else content}

    return messages(lambda conversation: [one(message) for message in conversation])


def first_part_only(conversation):
    return [
        message | {"content": message["content"][:1]} if isinstance(message["content"], list) else message
        for message in conversation
    ]


def reverse_questions(conversation):
    roles = [message["role"] for message in conversation]
    return conversation[::-1] if roles == ["user", "assistant", "user"] else conversation


def another_choice_twice(answer):
    first = answer["choices"][0]
    return answer | {"choices": [{**first, "index": choice["index"]} for choice in answer["choices"]]}


def only_first_choice(answer):
    return answer | {"choices": answer["choices"][:1]}


def first_stop_only(body):
    return body | {"stop": body["stop"][:1]} if body.get("stop") else body


def in_choice(change):
    return lambda answer: answer | {"choices": [change(choice) for choice in answer["choices"]]}


def in_logprobs(change):
    def one(choice):
        found = choice.get("logprobs")
        return choice | {"logprobs": {"content": change(found["content"])}} if found else choice

    return in_choice(one)


def in_text(change):
    return in_choice(lambda one: one | {"message": one["message"] | {"content": change(one["message"]["content"])}})


def all_certain(tokens):
    return [token | {"top_logprobs": [{"logprob": 0.0}] * 3} for token in tokens]


def always_stop(choice):
    return choice | {"finish_reason": "stop"}


def arguments_cut(choice):
    calls = choice["message"].get("tool_calls")
    if not calls:
        return choice
    call = calls[0]
    broken = {**call, "function": {**call["function"], "arguments": call["function"]["arguments"][:-3]}}
    return choice | {"message": choice["message"] | {"tool_calls": [broken]}}


def call_renamed(choice):
    calls = choice["message"].get("tool_calls")
    if not calls:
        return choice
    renamed = {**calls[0], "function": {**calls[0]["function"], "name": "get_weather"}}
    return choice | {"message": choice["message"] | {"tool_calls": [renamed]}}


def with_label_in_prompt(body):
    label = [{"role": "system", "content": body["user"]}] if "user" in body else []
    return body | {"messages": [*label, *body["messages"]]}


def with_label_as_penalty(body):
    return body | ({"presence_penalty": 2} if "user" in body else {})


REQUEST_DEFECTS = [
    ("a short answer", without("max_tokens"), "up to 100 characters, not 1"),
    ("a longer answer", with_fields(max_tokens=4), "should be longer than with 4"),
    ("a user's label", with_label_in_prompt, "the prompt tokens should be"),
    ("a user's label", with_label_as_penalty, "the text should be"),
    ("max_tokens", without("max_tokens"), "should have 4 tokens"),
    ("max_completion_tokens", without("max_completion_tokens"), "should have 4 tokens"),
    ("stop", without("stop"), "should end after"),
    (
        "a list of stops",
        lambda body: body | ({"stop": body["stop"][:1]} if body.get("stop") else {}),
        "should end after",
    ),
    ("stop in a stream", without("stop", streamed=True), "should end after"),
    ("n>1", without("n"), "indexes 0 and 1"),
    ("json_schema", without("response_format"), "the schema allows the answer"),
    ("json_object", without("response_format"), "should be a JSON object"),
    ("logprobs", without("logprobs"), "should come, got 0"),
    ("logprobs", with_fields(logprobs=True), "did not ask for them"),
    ("top_logprobs", without("top_logprobs"), "should come for each token"),
    ("logprobs in a stream", without("logprobs", streamed=True), "the stream should have"),
    ("temperature", without("temperature"), "should change the answer"),
    ("top_p", without("top_p"), "should give the same answer"),
    ("top_p", without("temperature"), "should give different answers"),
    ("seed", without("seed"), "the same answer twice"),
    ("seed", with_fields(seed=1), "should give different answers"),
    ("sampling in a stream", without("seed", streamed=True), "the stream should say"),
    ("sampling in a stream", without("temperature", streamed=True), "the stream should say"),
    ("presence_penalty", without("presence_penalty"), "should change the answer"),
    ("frequency_penalty", without("frequency_penalty"), "should change the answer"),
    ("logit_bias", without("logit_bias"), "an answer for each"),
    (
        "a system message",
        without_role("system"),
        "0 in turn 1 (system)",
    ),
    ("each turn", messages(lambda all_: all_[-1:]), "0 in turn 2 (user)"),
    ("each turn", messages(lambda all_: all_[:-1]), "0 in turn 4 (user)"),
    ("each turn", messages(lambda all_: [all_[0], *all_]), "20 in turn 1 (system)"),
    ("the last question", messages(reverse_questions), "it answers the first one"),
    ("a long prompt", each_content(lambda text: text[:1000]), "it grew by 120, then by"),
    ("text parts", messages(first_part_only), "a second text part"),
    ("foreign characters", each_content(lambda text: text.encode("ascii", "replace").decode()), "question marks"),
    ("foreign characters", each_content(lambda text: text.encode("ascii", "ignore").decode()), "question marks"),
    ("composed characters", each_content(lambda text: normalize("NFD", text)), "36 bytes of Hangul"),
    ("composed characters", each_content(lambda text: text.encode("ascii", "ignore").decode()), "they add 0"),
    ("white space", each_content(lambda text: text.replace("\n", " ")), "words with '\\n' between"),
    ("white space", each_content(lambda text: text.replace("\t", " ")), "words with '\\t' between"),
    ("white space", each_content(lambda text: " ".join(text.split())), "words with '\\n' between"),
    ("white space", each_content(lambda text: re.sub(" +", " ", text)), "words with '   ' between"),
    ("text parts", each_content(str.lstrip), "one text part should give"),
    ("control characters", each_content(lambda text: "".join(filter(str.isprintable, text))), "without them"),
    ("tools", without("tools"), "two tools should reach"),
    ("tools", lambda body: body | ({"tools": body["tools"][:1]} if body.get("tools") else {}), "with both"),
    ("a forced tool", without("tools"), "calls no tool"),
    ("a forced tool", without("tool_choice"), "calls no tool"),
    ("a forced tool in a stream", without("tools", streamed=True), "calls no tool"),
    ("a tool's result", without_role("tool"), "they add 0"),
]


@pytest.mark.parametrize(("capability", "defect", "message"), REQUEST_DEFECTS)
def test_a_server_that_ignores_it_is_found(toy_server, capability, defect, message):
    result = try_capability(toy_server(spoil_request=defect).client, capability)
    assert result.outcome == "lost"
    assert message in result.detail


def one_behind():
    """Gives each request the answer to the one before."""
    answers = []

    def spoil(answer):
        answers.append(answer)
        return answers.pop(0) if len(answers) > 1 else answer

    return spoil


ANSWER_DEFECTS = [
    ("a longer answer", one_behind(), "should be longer than with 4"),
    ("max_tokens", in_choice(always_stop), "'stop'"),
    ("n>1", another_choice_twice, "two choices should differ"),
    ("n>1", only_first_choice, "got [0]"),
    ("logprobs", in_logprobs(lambda tokens: tokens[1:]), "of 12 tokens should come, got 11"),
    ("logprobs", in_logprobs(lambda tokens: tokens[::-1]), "make"),
    ("logprobs", in_text(lambda text: text.replace("\n", " ")), "make"),
    ("logprobs", in_logprobs(lambda tokens: [one | {"logprob": 0.5} for one in tokens]), "at most 0"),
    (
        "top_logprobs",
        in_logprobs(all_certain),
        "add up",
    ),
    ("json_object", in_choice(lambda one: one | {"message": {"content": '{"a": }'}}), "is no JSON"),
    ("json_schema", in_choice(lambda one: one | {"message": {"content": '{"text": "kestrel!"}'}}), "instead of ''"),
    ("a forced tool", in_choice(arguments_cut), "its arguments are"),
    ("a forced tool", in_choice(call_renamed), "got get_weather"),
]


@pytest.mark.parametrize(("capability", "defect", "message"), ANSWER_DEFECTS)
def test_a_damaged_answer_is_found(toy_server, capability, defect, message):
    result = try_capability(toy_server(spoil_answer=defect).client, capability)
    assert result.outcome == "lost"
    assert message in result.detail


def test_a_forced_tool_is_not_excused_by_the_tools_that_were_dropped(toy_server):
    forgetful = toy_server(spoil_request=without("tools", "tool_choice"), headers={"x-gateway-dropped-params": "tools"})
    assert try_capability(forgetful.client, "tools").outcome == "dropped"
    assert try_capability(forgetful.client, "a forced tool").outcome == "lost"


def test_a_server_that_says_that_it_dropped_the_label_is_judged_all_the_same(toy_server):
    honest = toy_server(spoil_request=without("user"), headers={"x-gateway-dropped-params": "user"})
    assert try_capability(honest.client, "a user's label").outcome == "taken"


def test_a_model_that_answers_neither_question_leaves_their_order_open(toy_server):
    server = toy_server(spoil_answer=in_choice(lambda one: one | {"message": {"content": "Hm."}}))
    with pytest.raises(InconclusiveError, match="answers neither question"):
        try_capability(server.client, "the last question")


def test_greedy_answers_that_differ_leave_a_comparison_open(toy_server):
    hot = toy_server(spoil_request=lambda body: without("stop")(body) | {"temperature": 1})
    with pytest.raises(InconclusiveError, match="at temperature 0 gets different answers; besides, with stop="):
        try_capability(hot.client, "stop")


def test_a_label_is_not_blamed_for_greedy_answers_that_differ_anyway(toy_server):
    hot = toy_server(spoil_request=with_fields(temperature=1))
    with pytest.raises(InconclusiveError, match="at temperature 0 gets different answers; besides, with a user's"):
        try_capability(hot.client, "a user's label")


def test_a_change_means_nothing_where_answers_change_anyway(toy_server):
    hot = toy_server(spoil_request=lambda body: without("presence_penalty")(body) | {"temperature": 1})
    with pytest.raises(InconclusiveError, match="changes without presence_penalty=2 too"):
        try_capability(hot.client, "presence_penalty")


def test_an_answer_of_one_word_has_no_stop_text(toy_server):
    server = toy_server(spoil_answer=in_choice(lambda one: one | {"message": {"content": "Hm."}}))
    with pytest.raises(InconclusiveError, match="at least two words"):
        try_capability(server.client, "stop")


def refusing(**error):
    refusal = {"message": "No.", "type": "invalid_request_error", "code": None} | error
    transport = httpx2.MockTransport(lambda _: httpx2.Response(400, json={"error": refusal}))
    return ChatClient("http://toy.test", api_key=None, model="toy", transport=transport)


PLAIN_TEXT = [
    "the last question",
    "a long prompt",
    "foreign characters",
    "escaped characters",
    "composed characters",
    "white space",
]


@pytest.mark.parametrize("capability", PLAIN_TEXT)
def test_no_server_may_decline_plain_text(capability):
    with pytest.raises(ValueError, match="refused with 400 for 'messages'"):
        try_capability(refusing(message="Invalid 'messages': use ASCII.", param="messages"), capability)


def test_a_server_may_decline_a_system_message():
    assert try_capability(refusing(param="messages[0].role"), "a system message").outcome == "refused"
