"""Files that are no sets: each is refused with a sentence, or read; none breaks the reader or hangs it."""

import copy
import hashlib
import json
import os
import sys

import pytest

from keywords.engine.evaluation import catalogue, records
from keywords.engine.evaluation.catalogue import Catalogue
from keywords.engine.evaluation.formats import read_items
from keywords.engine.evaluation.items import DatasetError
from keywords.engine.evaluation.prompting import Sampling, questions
from keywords.run.places import DATASETS

CATALOGUE = Catalogue(DATASETS)
GOOD = {
    "gsm8k": {"question": "q", "answer": "#### 18"},
    "mmlu": {"question": "q", "choices": ["a", "b", "c", "d"], "answer": 0},
    "truthfulqa": {
        "question": "q",
        "best_answer": "a",
        "correct_answers": ["a"],
        "incorrect_answers": ["b"],
        "mc1_targets": {"choices": ["a", "b"], "labels": [1, 0]},
    },
    "triviaqa": {"question_id": "1", "question": "q", "answer": {"value": "a", "aliases": ["a"]}},
    "squad": {"id": "1", "context": "c a", "question": "q", "answers": {"text": ["a"], "answer_start": [2]}},
}
HOSTILE = (None, True, 0, -1, 10**400, 1.5, "", " ", "\0", "\ud800", "\u202e", "x" * 10**5, [], [None], [[]], [1], {})


def places(value, path=()):
    """Every place of a value, its own parts too."""
    yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from places(part, (*path, key))


def replaced(value, path, new):
    if not path:
        return new
    changed = copy.deepcopy(value)
    within = changed
    for key in path[:-1]:
        within = within[key]
    within[path[-1]] = new
    return changed


def write(path, *lines):
    path.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    return path


def refusal(path, form):
    """Why the file is refused; None if it is read."""
    try:
        read_items(path, form)
    except DatasetError as error:
        return str(error)
    return None


@pytest.mark.parametrize("form", GOOD)
def test_any_value_in_any_place_is_read_or_refused_by_file_and_line(tmp_path, form):
    settings = next(one for one in CATALOGUE.sets.values() if one.form == form)
    refused = 0
    for place in places(GOOD[form]):
        for value in HOSTILE:
            path = write(tmp_path / "set.jsonl", replaced(GOOD[form], place, value))
            said = refusal(path, form)
            if said is None:
                for question in questions(read_items(path, form), settings, "m", Sampling()):
                    json.loads(question.body)
                continue
            assert str(path) in said
            assert len(said) < 1000
            refused += 1
    assert refused > len(HOSTILE)


@pytest.mark.parametrize("form", GOOD)
def test_an_item_that_stands_there_whole_is_read(tmp_path, form):
    assert len(read_items(write(tmp_path / "set.jsonl", GOOD[form]), form)) == 1


@pytest.mark.parametrize("form", ["triviaqa", "squad"])
def test_an_id_that_stands_twice_is_refused_with_its_line(tmp_path, form):
    path = write(tmp_path / "set.jsonl", GOOD[form], GOOD[form])
    with pytest.raises(DatasetError, match="line 2, id: '1' stands twice"):
        read_items(path, form)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "latin-1"])
def test_another_encoding_is_refused_with_the_remedy(tmp_path, encoding):
    path = tmp_path / "set.jsonl"
    path.write_bytes(json.dumps({"question": "é", "answer": "#### 1"}, ensure_ascii=False).encode(encoding))
    with pytest.raises(DatasetError, match="save it as UTF-8"):
        read_items(path, "gsm8k")


def test_a_byte_order_mark_and_windows_line_ends_are_no_part_of_the_items(tmp_path):
    path = tmp_path / "set.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + b'{"question": "q", "answer": "#### 1"}\r\n' * 2)
    assert [item.question for item in read_items(path, "gsm8k")] == ["q", "q"]
    table = tmp_path / "set.csv"
    table.write_bytes(b"\xef\xbb\xbfq,a,b,c,d,A\r\n")
    assert read_items(table, "mmlu")[0].question == "q"


def test_a_gigabyte_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "set.jsonl"
    with path.open("wb") as file:
        file.truncate(10**9)  # takes no room on the disk
    with pytest.raises(DatasetError, match="it has 1000 MB, at most 256 MB are read"):
        read_items(path, "gsm8k")


def test_a_line_of_megabytes_is_told_by_its_beginning_only(tmp_path, monkeypatch):
    path = tmp_path / "set.jsonl"
    path.write_text('{"question": "' + "x" * 5_000_000, encoding="utf-8")
    with pytest.raises(DatasetError, match="line 1: no JSON") as raised:
        read_items(path, "gsm8k")
    assert len(str(raised.value)) < 1000
    monkeypatch.setattr(records, "LARGEST_BYTES", 100)
    with pytest.raises(DatasetError, match="split it"):
        read_items(path, "gsm8k")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "9" * 10_000, "NaN", "null"])
def test_json_that_breaks_parsers_is_refused(tmp_path, text):
    path = tmp_path / "set.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DatasetError, match="line 1"):
        read_items(path, "gsm8k")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(DatasetError, match="it is no file"):
        read_items(tmp_path, "gsm8k")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
def test_a_pipe_that_nobody_writes_to_does_not_hang_the_reader(tmp_path):
    os.mkfifo(tmp_path / "set.jsonl")
    with pytest.raises(DatasetError, match="it is no file"):
        read_items(tmp_path / "set.jsonl", "gsm8k")


def test_a_file_that_changes_while_it_is_read_is_told_by_what_was_read(tmp_path, monkeypatch):
    path = write(tmp_path / "set.jsonl", GOOD["gsm8k"])
    digest = hashlib.sha256(path.read_bytes()).hexdigest()

    def change_behind(*arguments):
        items = read_items(*arguments)
        write(path, {"question": "another", "answer": "#### 1"})
        return items

    monkeypatch.setattr(catalogue, "read_items", change_behind)
    dataset = CATALOGUE.load("word-problems", path)
    assert (dataset.items[0].question, dataset.sha256) == ("q", digest)
