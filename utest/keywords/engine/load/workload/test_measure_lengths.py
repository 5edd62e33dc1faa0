"""Prompt lengths come from the server's own counts; where it does not count, they are said to be words."""

from collections import Counter

import pytest

from keywords.engine.load.errors import CalibrationError
from keywords.engine.load.workload.items import WorkloadItems
from keywords.engine.load.workload.measure_lengths import measure_lengths, usage_counter
from keywords.engine.load.workload.reading import load_workload
from keywords.engine.load.workload.schema import Workload
from keywords.engine.openai.client import ChatClient
from keywords.engine.scripted.backend import Script, ScriptedBackend


class Server:
    """Counts `per_word` tokens a word, some a message, and some for the whole."""

    def __init__(self, per_word=1.0, message=4, whole=27, context=100_000):
        self.per_word, self.message, self.whole, self.context = per_word, message, whole, context
        self.asked = []

    def count(self, messages):
        self.asked.append(messages)
        words = sum(len(message["content"].split()) for message in messages)
        tokens = round(words * self.per_word) + self.message * len(messages) + self.whole
        if tokens > self.context:
            raise CalibrationError("too long")
        return tokens


def source(*mix, lengths=None, nonce="", **fields):
    workload = load_workload(Workload.model_validate({"name": "w", "mix": list(mix), **fields}))
    return WorkloadItems(workload, 0, *([lengths] if lengths else []), nonce=nonce)


def entry(tokens, **fields):
    return {"name": "e", "prompts": {"tokens": tokens}, **fields}


@pytest.mark.parametrize("per_word", [1.0, 1.37, 2.5])
@pytest.mark.parametrize("fields", [{}, {"system": "Answer in one short sentence."}])
def test_prompts_have_the_tokens_that_were_asked_for(per_word, fields):
    server = Server(per_word)
    lengths = measure_lengths(source(entry(500, **fields)), server.count)
    assert lengths.tokens_per_word == pytest.approx(per_word, abs=0.01)
    assert lengths.largest_error <= 2
    assert len(server.asked) == 3
    item = source(entry(500, **fields), lengths=lengths).item(0)
    assert server.count(item.turns[0].messages) == pytest.approx(500, abs=2)


def test_a_unique_prefix_counts_as_part_of_the_prompt():
    lengths = measure_lengths(source(entry(200), unique_prefix=True), Server().count)
    item = source(entry(200), lengths=lengths, unique_prefix=True, nonce="n").item(0)
    assert Server().count(item.turns[0].messages) == 200


def test_later_turns_add_their_tokens():
    mix, server = entry(300, turns=2), Server(1.2)
    lengths = measure_lengths(source(mix), server.count)
    turns = source(mix, lengths=lengths).item(0).turns
    first = server.count(turns[0].messages)
    answered = server.count([*turns[0].messages, {"role": "assistant", "content": "word " * 50}, *turns[1].messages])
    assert answered - first - 50 * 1.2 == pytest.approx(300, abs=2)


def test_each_entry_has_its_own_template():
    second = {"name": "f", "system": "word " * 50, "prompts": {"tokens": 200}}
    lengths = measure_lengths(source(entry(100), second), Server().count)
    assert (lengths.around["e"], lengths.around["f"]) == (31, 85)
    assert str(lengths) == (
        "prompt lengths by the server's usage: 1.000 tokens a word, 31 (e), 85 (f) around it, "
        "largest error of 2 checks 0 tokens"
    )


def test_a_shared_prefix_before_given_texts_is_measured_too():
    prefixed = {"name": "e", "prompts": {"texts": ["Why?"]}, "shared_prefix": {"tokens": 300}}
    server = Server(1.5)
    lengths = measure_lengths(source(prefixed), server.count)
    item = source(prefixed, lengths=lengths).item(0)
    assert server.count(item.turns[0].messages) - server.count([{"content": "Why?"}]) == pytest.approx(300, abs=2)


def test_probes_differ_from_each_other_and_from_the_items():
    server = Server()
    known = source(entry(500))
    measure_lengths(known, server.count)
    begun = Counter(" ".join(messages[-1]["content"].split()[:8]) for messages in server.asked)
    begun.update(" ".join(known.item(number).turns[0].messages[-1]["content"].split()[:8]) for number in range(50))
    assert set(begun.values()) == {1}


def test_a_workload_without_synthetic_prompts_needs_no_request():
    server = Server()
    assert measure_lengths(source({"name": "e", "prompts": {"texts": ["Why?"]}}), server.count) is None
    assert not server.asked


def test_a_server_without_usage():
    lengths = measure_lengths(source(entry(500)), lambda _: None)
    assert lengths.source == "words"
    assert str(lengths) == "prompt lengths are in words, not in tokens: the server gives no usage"
    assert lengths.words(500, 0) == 500


def test_a_usage_that_does_not_count_the_prompt():
    lengths = measure_lengths(source(entry(500)), lambda _: 7)
    assert (lengths.source, lengths.tokens_per_word) == ("words", 1)
    assert str(lengths).endswith("the server's usage counts 0 tokens more for a prompt of 438 more words")


def test_prompts_shorter_than_the_template_are_refused():
    short = {"distribution": "uniform", "min": 20, "max": 90}
    with pytest.raises(CalibrationError) as error:
        measure_lengths(source(entry(short)), Server().count)
    assert str(error.value) == (
        "entry e: a prompt of 20 tokens cannot be made, because the server counts 31 around the text; "
        "ask for 32 or more"
    )


def test_the_long_prompts_meet_the_servers_limit_before_the_load():
    long = {"distribution": "uniform", "min": 100, "max": 9000}
    with pytest.raises(CalibrationError):
        measure_lengths(source(entry(long)), Server(context=8192).count)


@pytest.fixture
def client():
    backend = ScriptedBackend()
    backend.start()
    client = ChatClient(backend.url, api_key=None, model="scripted")
    yield backend, client
    client.close()
    backend.stop()


def test_a_server_is_asked_for_one_token(client):
    backend, client = client
    assert usage_counter(client)([{"role": "user", "content": "Hi."}]) == 1
    assert backend.chat_requests()[-1].json()["max_tokens"] == 1
    backend.play(Script(usage=False))
    assert usage_counter(client)([{"role": "user", "content": "Hi."}]) is None


def test_a_server_that_refuses_a_prompt(client):
    backend, client = client
    backend.play(Script(status=400))
    with pytest.raises(CalibrationError) as error:
        usage_counter(client)([{"role": "user", "content": "Hi there."}])
    assert str(error.value).startswith("A prompt of 2 words cannot be measured: POST ")
    assert str(error.value).endswith("Shorten the workload's prompts, or give the server a longer context.")
