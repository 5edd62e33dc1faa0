"""Stores whose rows no program of ours wrote: each command tells it, with exit code 2 and no traceback."""

import sqlite3
from contextlib import closing

import pytest

COMMANDS = (("score", "1"), ("compare", "1", "1"), ("replay", "1", "1"), ("eval", "--resume", "1"))
OPTION = "UPDATE runs SET interrupted = 1, options = json_set(options, '$.{}', json('{}'))"
EDITS = {
    "no options": "UPDATE runs SET options = '{}'",
    "options that are no JSON": "UPDATE runs SET options = 'no json'",
    "options that are a list": "UPDATE runs SET options = '[]'",
    "no sampling": OPTION.format("sampling", "{}"),
    "sampling with another field": OPTION.format("sampling.more", "1"),
    "sampling of texts": OPTION.format("sampling.temperature", '"hot"'),
    "no scorers": OPTION.format("scorers", "[]"),
    "scorers of numbers": OPTION.format("scorers", "[7]"),
    "a form that is none": OPTION.format("form", '"xml"'),
    "an address of a list": OPTION.format("resumed_at", "7"),
    "no model": "UPDATE runs SET interrupted = 1, model = NULL",
    "a failure that is none": "UPDATE evaluation_answers SET failure = 'new', reply = NULL",
    "candidates that are no JSON": "UPDATE evaluation_answers SET first_token = 'x'",
    "a reply of bytes": "UPDATE evaluation_answers SET reply = x'ff'",
    "an item that is no JSON": "UPDATE evaluation_items SET accepted = '{'",
    "a choice that is not there": "UPDATE evaluation_items SET right_choice = 7",
    "no items": "DELETE FROM evaluation_items",
    "one item less": "DELETE FROM evaluation_items WHERE item = '1'",
    "no table of marks": "DROP TABLE evaluation_marks",
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_rows_that_this_program_did_not_write_are_told(qa, says, tmp_path, edit):
    says("Paris")
    qa("eval", "short-facts", "--limit", "5")
    with closing(sqlite3.connect(tmp_path / "m.db")) as file, file:
        file.execute(edit)
    for command in COMMANDS:
        done = qa(*command)
        assert done.exit_code == 2, (command, done.output)
        assert "m.db" in done.output or "is finished" in done.output, (command, done.output)


def test_a_mark_that_is_none_is_told_and_marked_anew(qa, says, tmp_path):
    says("Paris")
    qa("eval", "short-facts", "--limit", "5")
    with closing(sqlite3.connect(tmp_path / "m.db")) as file, file:
        file.execute("UPDATE evaluation_marks SET outcome = 'new'")
    assert qa("compare", "1", "1").exit_code == 2
    assert qa("score", "1").exit_code == 0
    assert qa("compare", "1", "1").exit_code == 0
