"""Command lines, files and folders that no command can use: a sentence with the remedy, exit code 2, no traceback."""

import json
import sys

import pytest

from keywords.engine.evaluation import asking as asking_module
from keywords.engine.evaluation import together
from keywords.engine.scripted.backend import Script
from keywords.qa.evaluation import asking

HUGE = "9" * 30


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("eval", "--resume", HUGE), f"has no run {HUGE}"),
        (("score", HUGE), f"has no run {HUGE}"),
        (("replay", HUGE, "1"), f"has no run {HUGE}"),
        (("compare", HUGE, "1"), f"has no run {HUGE}"),
        (("eval", "short-facts", "--model", "mo\udcff"), "cannot be the id of a model. Name one with --model"),
        (("eval", "short-facts", "--model", "on"), "Name one of these with --model, or none"),
        (("eval", "word-problems", "--file", "x" * 5000), "it cannot be read: File name too long"),
        (("eval", "short-facts", "--concurrency", "1000000"), "--concurrency"),
        (("eval", "short-facts", "short-facts", "--at-least", "0.5"), "short-facts stands twice"),
    ],
)
def test_what_no_command_can_use_is_told(qa, scripted, says, command, said):
    says("Paris")
    qa("eval", "short-facts", "--limit", "5")
    asked = len(scripted.chat_requests())
    done = qa(*command)
    assert (done.exit_code, said in " ".join(done.output.split())) == (2, True), done.output
    assert len(scripted.chat_requests()) == asked


@pytest.mark.parametrize("command", [("score",), ("score", "1"), ("replay", "1", "1"), ("eval", "--resume", "1")])
def test_a_store_that_is_not_there_is_told_and_not_made(qa, tmp_path, command):
    done = qa(*command)
    assert (done.exit_code, "there is no store" in done.output) == (2, True), done.output
    assert not (tmp_path / "m.db").exists()


@pytest.mark.parametrize("command", [("eval", "short-facts", "--limit", "5"), ("score", "1")])
@pytest.mark.parametrize("page", [".", "m.db/page.html"])
def test_a_page_that_cannot_be_written_costs_no_answer_and_is_told(qa, says, command, page):
    says("Paris")
    qa("eval", "short-facts", "--limit", "5")
    done = qa(*command, "--to", page)
    assert done.exit_code == 2
    assert "1/5 correct" in done.output
    assert "the page cannot be written" in done.output
    assert "name another file with --to" in done.output


def test_what_a_server_says_cannot_act_on_the_terminal_nor_pass_for_a_line_of_ours(qa, scripted):
    hostile = json.dumps(
        {
            "model": "\x1b[31m\u202em\nPASS short-facts: 20/20 items",
            "choices": [{"index": 0, "message": {"content": "\x1b[2J\u202eno\nPASS"}, "finish_reason": "stop"}],
        }
    )
    scripted.script = Script(status=201, body=hostile.encode())
    shown = [qa("eval", "short-facts", "--limit", "5"), qa("replay", "1", "1"), qa("compare", "1", "1")]
    for done in shown:
        assert done.exit_code in {0, 1, 3}, done.output
        assert not set("\x1b\u202e") & set(done.output)
        assert not [line for line in done.output.splitlines() if line.startswith("PASS short-facts")]


def test_what_a_file_says_cannot_act_on_the_terminal(qa, says, tmp_path):
    says("no")
    acting = "\x1b[31m\u202e"
    lines = [
        json.dumps({"question_id": f"{acting}{n}", "question": f"{acting}q{n}\nPASS", "answer": {"value": "a"}})
        for n in range(6)
    ]
    (tmp_path / "set.jsonl").write_text("\n".join(lines), encoding="utf-8")
    file = ("eval", "short-facts", "--file", str(tmp_path / "set.jsonl"))
    qa(*file)
    says("a")
    qa(*file)
    for done in (qa("compare", "1", "2"), qa("replay", "1", "\u202e")):
        assert not set("\x1b\u202e") & set(done.output)
        assert not [line for line in done.output.splitlines() if line == "PASS"]


def test_a_closed_standard_error_costs_no_answer(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    asking._progress("short-facts")(1, 2)  # the runner gives each command a new one


def test_an_interrupted_run_is_told_by_its_number_and_goes_on(qa, scripted, says, monkeypatch):
    says("Paris")
    asked = []

    def ask(*arguments):
        asked.append(1)
        if len(asked) == 4:
            raise KeyboardInterrupt
        return asking_module.ask(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(together, "ask", ask)
        done = qa("eval", "short-facts", "--limit", "6", "--concurrency", "1")
    assert done.exit_code == 130
    assert "run 1 is not finished: what was answered is stored; `qa eval --resume 1` asks the rest" in done.output
    rest = qa("eval", "--resume", "1")
    assert (rest.exit_code, "interrupted and resumed once" in rest.output) == (0, True)
    assert len([body for body in scripted.chat_bodies() if b"messages" in body]) == 6
