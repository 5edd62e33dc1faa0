"""Items of a trace have its lengths, and share the prefixes that its prompts shared."""

import json
import pickle

import pytest

from keywords.engine.load.errors import PlanError
from keywords.engine.load.workload.measure_lengths import measure_lengths
from keywords.engine.load.workload.prompt_lengths import PromptLengths
from keywords.engine.load.workload.reading import load_workload
from keywords.engine.load.workload.schema import Workload
from keywords.engine.load.workload.trace_items import TraceItems


@pytest.fixture
def items(tmp_path):
    def items(*requests, lengths=None, nonce="", seed=0, **fields):
        lines = [
            json.dumps({"timestamp": 0, "input_length": length, "output_length": output, "hash_ids": blocks})
            for length, output, blocks in requests
        ]
        (tmp_path / "t.jsonl").write_text("\n".join(lines))
        trace = {"file": "t.jsonl", "block_tokens": 10, "fields": {"temperature": 0}}
        workload = load_workload(Workload.model_validate({"name": "w", "trace": trace, **fields}), tmp_path)
        return TraceItems(workload, seed, lengths or PromptLengths(), nonce)

    return items


def text(item):
    return item.turns[0].messages[0]["content"]


def test_lengths_are_those_of_the_trace(items):
    source = items((25, 7, [1, 2, 3]), (4, 0, []))
    first, second = source.item(0), source.item(1)
    assert (len(text(first).split()), first.turns[0].fields["max_tokens"]) == (25, 7)
    assert (len(text(second).split()), second.turns[0].fields["max_tokens"]) == (4, 1)
    assert first.turns[0].fields["temperature"] == 0
    assert source.item(source.items_of_pass).turns == first.turns
    assert (first.number, first.kind) == (0, "trace")


def test_the_same_blocks_are_the_same_text(items):
    source = items((25, 1, [1, 2, 3]), (25, 1, [1, 2, 4]), (25, 1, [5, 6, 7]))
    one, two, three = (text(source.item(number)).split() for number in range(3))
    assert one[:20] == two[:20]
    assert one[20:] != two[20:]
    assert one[:10] != three[:10]


def test_what_no_block_covers_is_a_text_of_its_own(items):
    source = items((40, 1, [1]), (40, 1, [1]))
    one, two = (text(source.item(number)).split() for number in range(2))
    assert (len(one), len(two)) == (40, 40)
    assert one[:10] == two[:10]
    assert one[10:20] != two[10:20]


def test_blocks_beyond_the_length_are_left_out(items):
    assert len(text(items((15, 1, [1, 2, 3, 4])).item(0)).split()) == 15


def test_measured_lengths_keep_the_shared_blocks(items):
    requests = [(400, 1, list(range(40))), (300, 1, [*range(20), *range(50, 60)])]

    def count(messages):
        return round(1.4 * sum(len(message["content"].split()) for message in messages)) + 30

    lengths = measure_lengths(items(*requests), count)
    source = items(*requests, lengths=lengths)
    assert [count(source.item(number).turns[0].messages) for number in range(2)] == pytest.approx([400, 300], abs=2)
    one, two = (text(source.item(number)).split() for number in range(2))
    shared = round(200 / 1.4)
    assert one[:shared] == two[:shared]
    assert one[shared : shared + 5] != two[shared : shared + 5]


def test_a_unique_prefix_ends_the_sharing(items):
    source = items((25, 1, [1, 2, 3]), (25, 1, [1, 2, 3]), unique_prefix=True, nonce="a")
    assert text(source.item(0))[:20] != text(source.item(1))[:20]


def test_an_item_is_the_same_in_any_process(items):
    source = items((25, 7, [1, 2, 3]), (9, 2, []))
    assert pickle.loads(pickle.dumps(source)).item(1) == source.item(1)
    assert items((25, 7, [1, 2, 3]), seed=1).item(0) != source.item(0)


def test_a_workload_without_a_trace():
    mix = [{"name": "a", "prompts": {"texts": ["a"]}}]
    with pytest.raises(PlanError, match="the workload has no trace; give one, or take its mix"):
        TraceItems(load_workload(Workload.model_validate({"name": "w", "mix": mix}))).item(0)
