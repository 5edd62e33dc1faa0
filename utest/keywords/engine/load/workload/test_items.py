"""Items depend on their number and the seed alone, hold the mix and the lengths, and are cheap enough to draw."""

import hashlib
import pickle
from collections import Counter

import pytest

from keywords.engine.load.workload.items import WorkloadItems
from keywords.engine.load.workload.prompt_lengths import PromptLengths
from keywords.engine.load.workload.reading import load_workload
from keywords.engine.load.workload.schema import Workload

SYNTHETIC = {"name": "long", "prompts": {"tokens": {"distribution": "uniform", "min": 100, "max": 200}}}
TEXTS = {"name": "short", "prompts": {"texts": ["One.", "Two.", "Three."]}}


def items(*mix, seed=0, nonce="", lengths=None, **fields):
    workload = load_workload(Workload.model_validate({"name": "w", "mix": list(mix), **fields}))
    return WorkloadItems(workload, seed, lengths or PromptLengths(), nonce)


def content(item, message=-1, turn=0):
    return item.turns[turn].messages[message]["content"]


def first_words(source, count=300):
    return {" ".join(content(source.item(number), 0).split()[:8]) for number in range(count)}


def test_an_item_is_the_same_in_any_process_and_order():
    source = items(
        SYNTHETIC, {**TEXTS, "max_tokens": {"distribution": "lognormal", "median": 9, "p95": 50, "min": 1, "max": 99}}
    )
    in_order = [source.item(number) for number in range(50)]
    elsewhere = pickle.loads(pickle.dumps(source))
    assert [elsewhere.item(number) for number in reversed(range(50))] == in_order[::-1]


@pytest.mark.parametrize(
    ("entry", "unique_prefix"),
    [
        (TEXTS, False),
        (TEXTS, True),
        ({**TEXTS, "max_tokens": 9, "system": "Be short."}, False),
        ({**TEXTS, "max_tokens": {"distribution": "uniform", "min": 1, "max": 99}}, False),
        ({**TEXTS, "shared_prefix": {"tokens": 9, "share": 0.5}}, False),
    ],
)
def test_an_item_is_the_same_whether_its_text_came_before_or_not(entry, unique_prefix):
    source = items(entry, nonce="n", unique_prefix=unique_prefix)
    in_order = [source.item(number) for number in range(30)]
    alone = [items(entry, nonce="n", unique_prefix=unique_prefix).item(number) for number in range(30)]
    assert in_order == alone


def test_items_of_one_text_share_their_turns_where_nothing_else_is_drawn():
    source = items(TEXTS)
    assert source.item(0).turns is source.item(3).turns
    assert content(source.item(0)) != content(source.item(1))


def test_known_items_stay_what_they_are():
    # A change here changes what every stored workload sends: let `reading._FORMAT` count on.
    text = content(items(SYNTHETIC, seed=7).item(3))
    assert text.startswith("market industry sheep task policy people government change ")
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "972e00ae14f8d032"


def test_another_seed_gives_other_items():
    assert items(SYNTHETIC, seed=1).item(0) != items(SYNTHETIC, seed=2).item(0)


def test_the_mix_is_drawn_by_its_shares():
    source = items({**SYNTHETIC, "share": 3}, TEXTS)
    kinds = Counter(source.item(number).kind for number in range(2000))
    assert kinds["long"] == pytest.approx(1500, abs=60)  # three standard deviations of 19


def test_texts_are_each_used_once_before_one_is_used_again():
    source = items(TEXTS)
    orders = {tuple(content(items(TEXTS, seed=seed).item(number)) for number in range(3)) for seed in range(40)}
    assert all(sorted(order) == ["One.", "Three.", "Two."] for order in orders)
    assert len(orders) == 6
    assert [content(source.item(number)) for number in range(3)] == [
        content(source.item(number)) for number in range(3, 6)
    ]


def test_a_pass_uses_each_text_once():
    assert items(TEXTS).items_of_pass == 3
    assert items(SYNTHETIC).items_of_pass is None
    assert items(TEXTS, SYNTHETIC).items_of_pass is None


def test_a_conversation_has_a_turn_for_each_message():
    item = items({"name": "a", "system": "Be kind.", "prompts": {"texts": [["Hi.", "Why?"]]}, "think": "2 s"}).item(0)
    assert [[dict(message) for message in turn.messages] for turn in item.turns] == [
        [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi."}],
        [{"role": "user", "content": "Why?"}],
    ]
    assert [turn.think_s for turn in item.turns] == [0, 2]


def test_fields_of_a_request():
    asked = {"max_tokens": 7, "fields": {"temperature": 0}}
    assert items({**TEXTS, **asked}).item(0).turns[0].fields == {
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 7,
        "temperature": 0,
    }
    assert items(TEXTS, stream=False).item(0).turns[0].fields == {"stream": False}


def test_synthetic_prompts_have_their_lengths():
    counts = [len(content(items(SYNTHETIC).item(number)).split()) for number in range(1000)]
    assert (min(counts), max(counts)) == (100, 200)
    assert sum(counts) / len(counts) == pytest.approx(150, abs=3)
    fixed = items({"name": "a", "prompts": {"tokens": 200_000}})
    assert len(content(fixed.item(0)).split()) == 200_000


def test_measured_lengths_give_the_words():
    lengths = PromptLengths(source="usage", tokens_per_word=1.5, around={"a": 40}, around_later={"a": 10})
    source = items({"name": "a", "prompts": {"tokens": 100}, "turns": 2}, lengths=lengths)
    assert [len(content(source.item(0), turn=turn).split()) for turn in (0, 1)] == [40, 60]


def test_no_two_prompts_begin_alike():
    assert len(first_words(items(SYNTHETIC))) == 300
    turns = items({**SYNTHETIC, "turns": 3}).item(0).turns
    assert len({turn.messages[-1]["content"][:40] for turn in turns}) == 3


def test_a_shared_prefix_is_shared_by_its_share_of_the_items():
    prefix = {"tokens": 50, "share": 0.4, "variants": 2}
    source = items({**TEXTS, "shared_prefix": prefix})
    begun = Counter(content(source.item(number)).rpartition("\n\n")[0] for number in range(1000))
    assert len(begun) == 3
    assert begun[""] == pytest.approx(600, abs=50)
    assert all(len(text.split()) == 50 for text in begun if text)
    assert min(begun.values()) > 150


def test_a_unique_prefix_comes_first_and_changes_from_run_to_run():
    with_system = items({**TEXTS, "system": "Be kind."}, unique_prefix=True, nonce="a")
    assert len(first_words(with_system)) == 300
    assert content(with_system.item(0), 0).endswith(". Be kind.")
    assert content(with_system.item(0)) in {"One.", "Two.", "Three."}
    texts = [items(TEXTS, unique_prefix=True, nonce=nonce) for nonce in ("a", "b")]
    assert not first_words(texts[0]) & first_words(texts[1])
    assert items(TEXTS, unique_prefix=True, nonce="a").item(5) == texts[0].item(5)
