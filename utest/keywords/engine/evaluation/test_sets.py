import json
import shutil

import pytest

from keywords.engine.evaluation.catalogue import Catalogue
from keywords.engine.evaluation.formats import read_items
from keywords.engine.evaluation.items import DatasetError
from keywords.engine.evaluation.marks import Outcome, Reply
from keywords.engine.evaluation.scorers import SCORERS
from keywords.run.places import DATASETS

CATALOGUE = Catalogue(DATASETS)


@pytest.mark.parametrize("name", CATALOGUE.sets)
def test_each_set_is_that_of_its_digest_and_no_example_is_one_of_its_items(name):
    loaded = CATALOGUE.load(name)
    assert loaded.is_own
    questions = {item.question for item in loaded.items}
    assert len(questions) == len(loaded.items)
    assert not questions & {example.question for example in loaded.settings.examples}


def test_there_are_as_many_items_as_the_sets_promise():
    counts = {name: len(CATALOGUE.load(name).items) for name in CATALOGUE.sets}
    assert counts == {
        "short-facts": 20,
        "extraction": 20,
        "copying": 20,
        "one-step-sums": 20,
        "word-problems": 10,
        "science": 20,
        "misconceptions": 20,
        "unanswerable": 10,
        "answerable": 10,
    }


def test_the_right_letters_are_spread_evenly():
    rights = [item.right for item in CATALOGUE.load("science").items]
    assert {right: rights.count(right) for right in rights} == {0: 5, 1: 5, 2: 5, 3: 5}


def lines(tmp_path, *records, name="items.jsonl"):
    path = tmp_path / name
    path.write_text("\n".join(json.dumps(record) for record in records), encoding="utf-8")
    return path


def test_every_file_of_the_mmlu_form_gives_the_same_items(tmp_path):
    plain = tmp_path / "physics_test.csv"
    plain.write_text('What?,"a, b",c,d,e,B\n', encoding="utf-8")
    headed = tmp_path / "mmlu.csv"
    headed.write_text(',Question,A,B,C,D,Answer,Subject\n0,What?,"a, b",c,d,e,B,physics\n', encoding="utf-8")
    hub = lines(tmp_path, {"question": "What?", "subject": "physics", "choices": ["a, b", "c", "d", "e"], "answer": 1})
    items = read_items(plain, "mmlu")
    assert items[0].choices == ("a, b", "c", "d", "e")
    assert items[0].right == 1
    assert items == read_items(headed, "mmlu") == read_items(hub, "mmlu")


def test_every_file_of_the_truthfulqa_form_is_read(tmp_path):
    head = "Type,Category,Question,Best Answer,{}Correct Answers,Incorrect Answers,Source\n"
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    old.write_text(head.format("") + "Adversarial,X,Why?,Yes,Yes; Sure,No; Never,web\n", encoding="utf-8")
    new.write_text(
        head.format("Best Incorrect Answer,") + "Adversarial,X,Why?,Yes,Never,Yes; Sure,No; Never,web\n",
        encoding="utf-8",
    )
    generation = lines(
        tmp_path,
        {
            "type": "Adversarial",
            "category": "X",
            "question": "Why?",
            "best_answer": "Yes",
            "correct_answers": ["Yes", "Sure"],
            "incorrect_answers": ["No", "Never"],
            "source": "web",
        },
        name="g.jsonl",
    )
    assert read_items(old, "truthfulqa") == read_items(generation, "truthfulqa")
    assert read_items(old, "truthfulqa")[0].choices == ("Yes", "No")
    assert read_items(new, "truthfulqa")[0].choices == ("Yes", "Never")
    targets = {"choices": ["No", "Yes", "Never"], "labels": [0, 1, 0]}
    multiple = lines(tmp_path, {"question": "Why?", "mc1_targets": targets, "mc2_targets": targets}, name="m.jsonl")
    assert read_items(multiple, "truthfulqa")[0].right == 1


def test_an_item_of_mmlu_may_have_a_choice_twice_and_is_right_by_either(tmp_path):
    path = tmp_path / "macroeconomics_test.csv"
    path.write_text("Which?,up,none,down,up,D\n", encoding="utf-8")
    (item,) = read_items(path, "mmlu")
    assert item.wrong == ("none", "down")
    marks = [SCORERS["choice-letter"].mark(Reply(letter), item).outcome for letter in "ABCD"]
    assert marks == [Outcome.CORRECT, Outcome.WRONG, Outcome.WRONG, Outcome.CORRECT]


def test_an_item_of_truthfulqa_may_have_more_than_ten_choices(tmp_path):
    targets = {"choices": [f"choice {n}" for n in range(13)], "labels": [0] * 12 + [1]}
    (item,) = read_items(lines(tmp_path, {"question": "Why?", "mc1_targets": targets}), "truthfulqa")
    assert SCORERS["choice-letter"].mark(Reply("Answer: M"), item).outcome is Outcome.CORRECT


def test_all_aliases_of_triviaqa_are_accepted(tmp_path):
    record = {"question": "Who?", "answer": {"value": "Cicero", "aliases": ["Tully", "Cicero"]}}
    assert read_items(lines(tmp_path, record), "triviaqa")[0].references == ("Cicero", "Tully")


def test_a_gold_answer_is_read_as_the_official_script_does(tmp_path):
    path = lines(tmp_path, {"question": "?", "answer": "6*200=<<6*200=1200>>1,200\n#### 1,200"})
    assert read_items(path, "gsm8k")[0].references == ("1200",)


GSM = {"question": "Q?", "answer": "#### 1"}
SQUAD = {"id": "1", "context": "Anna lives in Oslo.", "question": "Where?", "answers": {"text": ["Oslo"]}}


@pytest.mark.parametrize(
    ("form", "records", "said"),
    [
        ("gsm8k", [GSM, {"question": "Q?"}], "items.jsonl, line 2, answer: it is missing"),
        ("gsm8k", [GSM, {"question": "Q?", "answer": "18"}], "line 2, answer: it does not end with a number"),
        ("gsm8k", [GSM, {"question": 5, "answer": "#### 1"}], "line 2, question: it is a number; write a text"),
        ("gsm8k", [GSM, []], "line 2: it is a list; write an object"),
        ("mmlu", [{"question": "Q?", "choices": ["a", "b"], "answer": 2}], "line 1, answer: 2 is no index of its 2"),
        ("mmlu", [{"question": "Q?", "choices": ["a", "a"], "answer": 1}], "line 1, choices: 2 choices, 1 different"),
        ("mmlu", [{"question": "Q?", "choices": ["a", "b"], "answer": "B"}], 'line 1, answer: it is "B"'),
        ("triviaqa", [{"question": "Q?", "answer": {"aliases": []}}], "line 1, answer.value: it is missing"),
        ("squad", [SQUAD, SQUAD], "line 2, id: '1' stands twice"),
        ("squad", [SQUAD | {"answers": {"text": ["Rome"]}}], "'Rome' does not stand in the context"),
        ("truthfulqa", [{"question": "Q?", "mc1_targets": {"choices": ["a", "b"], "labels": [1, 1]}}], "exactly one"),
        ("gsm8k", [], "it holds no items"),
    ],
)
def test_a_fault_names_line_field_and_remedy(tmp_path, form, records, said):
    with pytest.raises(DatasetError) as caught:
        read_items(lines(tmp_path, *records), form)
    assert said in str(caught.value)
    assert ";" in str(caught.value)


@pytest.mark.parametrize(
    ("form", "text", "said"),
    [
        ("mmlu", "What?,a,b,c,d,A\nWhat?,a,b,c,A\n", "line 2: 5 fields instead of 6"),
        ("mmlu", '"two\nlines",a,b,c,d,A\nWhat?,a,b,c,d,E\n', "line 3, letter: 'E' is no letter"),
        ("mmlu", 'What?,a,"b"x,c,d,A\n', "line 1: no CSV"),
        ("truthfulqa", "Question,Best Answer\nWhy?,Yes\n", "line 2, Correct Answers: it is missing"),
    ],
)
def test_a_fault_in_a_table_names_its_line(tmp_path, form, text, said):
    path = tmp_path / "items.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DatasetError) as caught:
        read_items(path, form)
    assert said in str(caught.value)


@pytest.mark.parametrize(("content", "said"), [(b"\xff\xfe", "not UTF-8"), (b'{"question":', "line 1: no JSON")])
def test_a_file_that_is_no_text_is_refused(tmp_path, content, said):
    path = tmp_path / "items.jsonl"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=said):
        read_items(path, "gsm8k")


def test_items_that_changed_after_they_were_hashed_are_refused(tmp_path):
    shutil.copytree(DATASETS, tmp_path / "sets")
    file = tmp_path / "sets" / "short_facts.jsonl"
    file.write_text(file.read_text(encoding="utf-8").replace("Paris", "Lyon"), encoding="utf-8")
    with pytest.raises(DatasetError, match="not those of version 1: their sha256 is"):
        Catalogue(tmp_path / "sets").load("short-facts")


def test_a_file_in_the_place_of_a_set_is_asked_and_told(tmp_path):
    loaded = CATALOGUE.load("word-problems", lines(tmp_path, GSM, name="test.jsonl"))
    assert not loaded.is_own
    assert loaded.label.startswith("test.jsonl (1 items, sha256 ")
    assert loaded.settings.scorer == "number-strict"


def test_an_unknown_set_is_refused_with_the_nearest_name():
    with pytest.raises(DatasetError, match="do you mean science"):
        CATALOGUE.load("sience")


def test_a_faulty_catalogue_names_set_and_field(tmp_path):
    (tmp_path / "sets.yaml").write_text("- {name: x, title: X, file: x, form: gsm9k}", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"set x, form: Input should be 'gsm8k'"):
        Catalogue(tmp_path)
