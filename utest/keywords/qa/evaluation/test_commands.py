"""`qa eval`, `qa score`, `qa replay` and `qa compare` before a scripted backend."""

import json
import re

import pytest
from typer.testing import CliRunner

from keywords.engine.evaluation.tables import MARKS, ROOM
from keywords.engine.scripted.backend import Script
from keywords.engine.store.database import Store
from keywords.engine.store.runs import begin_run
from keywords.qa.cli import app


def test_a_set_is_asked_and_leaves_a_sentence_a_page_and_a_run(qa, scripted, tmp_path, says):
    says("Paris")
    done = qa("eval", "short-facts")
    assert done.exit_code == 0, done.output
    assert "short-facts v1 (20 items" in done.output
    assert "1/20 correct, Wilson 95 % 1 to 24 % by exact-match-triviaqa" in done.output
    page = (tmp_path / "results" / "evaluation" / "run-1.html").read_text(encoding="utf-8")
    assert "What is the capital of France?" in page
    assert page.count('<span class="pill wrong">wrong</span>') == 19
    assert "qa replay 1 20" in page
    assert "<svg" in page
    assert "http://" not in page.replace(scripted.url, "")


def test_a_share_is_judged_by_its_bounds(qa, says):
    says("Paris")
    failed = qa("eval", "short-facts", "--at-least", "0.5")
    assert (failed.exit_code, "FAIL short-facts: 1/20 items" in failed.output) == (1, True)
    unclear = qa("eval", "short-facts", "--at-least", "0.1")
    assert (unclear.exit_code, "INCONCLUSIVE short-facts" in unclear.output) == (3, True)
    says("I don't know")
    assert qa("eval", "unanswerable", "--at-least", "0.7").exit_code == 0
    # All of ten are right, and yet ten items cannot tell that nine of ten would be.
    assert qa("eval", "unanswerable", "--at-least", "0.9").exit_code == 3


def test_items_without_an_answer_leave_a_judged_share_open(qa, scripted):
    scripted.play(*[Script(chunks=("I don't know",))] * 5, Script(status=500), path="/v1/chat/completions")
    done = qa("eval", "unanswerable", "--at-least", "0.3", "--concurrency", "1")
    # All that is answered is right, but the probe of the server took some of the good answers.
    assert re.search(r"INCONCLUSIVE unanswerable: (\d)/\1 items, \d of 10 without an answer", done.output)
    assert done.exit_code == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["short-fact"], "do you mean short-facts?"),
        ([], "name sets, or write --all"),
        (["short-facts", "--all"], "name sets, or write --all"),
        (["short-facts", "--scorer", "choice-letter"], "choice-letter needs choices"),
        (["science", "--file", "missing.csv"], "missing.csv: it cannot be read"),
        (["science", "copying", "--file", "x.csv"], "--file stands in the place of one set"),
        (["--resume", "7"], "there is no store"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name_before_a_request(qa, scripted, arguments, said):
    refused = qa("eval", *arguments)
    assert (refused.exit_code, said in refused.output) == (2, True), refused.output
    assert not scripted.chat_requests()
    assert "Traceback" not in refused.output


def test_a_server_that_fails_gives_no_score_and_no_verdict(qa, scripted):
    scripted.script = Script(status=500)
    done = qa("eval", "short-facts", "--limit", "5", "--at-least", "0.1")
    assert done.exit_code == 2
    assert "no request got a reply" in done.output
    assert "5 transport errors (5 with error status)" in done.output


def test_a_file_in_a_public_form_stands_in_the_place_of_a_set(qa, tmp_path, says):
    lines = [json.dumps({"question": f"{n} and 1?", "answer": f"#### {n + 1}"}) for n in range(6)]
    (tmp_path / "test.jsonl").write_text("\n".join(lines), encoding="utf-8")
    says("#### 3")
    done = qa("eval", "word-problems", "--file", "test.jsonl")
    assert "test.jsonl (6 items" in done.output
    assert "1/6 correct" in done.output
    assert "not comparable" not in done.output


def test_two_series_are_compared_set_by_set_and_together(qa, tmp_path, says):
    says("I don't know")
    qa("eval", "unanswerable", "answerable", "--series", "before")
    says("Oslo")
    qa("eval", "unanswerable", "answerable", "--series", "after")
    found = qa("compare", "before", "after", "--max-drop", "0.1")
    assert "unanswerable v1 (10 items" in found.output
    assert "10 lost, 0 gained, McNemar p=0.002" in found.output
    assert "  lost: u01 What is the birthday of Anna?" in found.output
    assert "0 lost, 10 gained" in found.output
    assert "all sets: 10 lost, 10 gained, McNemar p=1.00" in found.output
    # What one set gains makes up for nothing that another one loses.
    assert "FAIL: unanswerable: the drop is beyond 10 points, and no accident" in found.output
    assert found.exit_code == 1
    page = (tmp_path / "results" / "evaluation" / "compare-1-3.html").read_text(encoding="utf-8")
    assert page.count('<span class="pill lost">lost</span>') == 10
    # Of a drop that is no accident the point is red, of a gain green.
    assert re.findall('class="mean (.*?)"', page) == ["worse", "better"]
    row = page.partition("What is the birthday of Anna?")[2].partition("</tr>")[0]
    assert re.findall('<span class="reply">(.*?)</span> <span class="pill (.*?)">', row) == [
        ("I don&#39;t know", "correct"),
        ("Oslo", "wrong"),
    ]


def test_a_significant_drop_fails_and_equal_answers_pass(qa, says):
    says("I don't know")
    qa("eval", "unanswerable")
    qa("eval", "unanswerable")
    says("Oslo")
    qa("eval", "unanswerable")
    assert qa("compare", "1", "2").exit_code == 0
    failed = qa("compare", "1", "3")
    assert (failed.exit_code, "FAIL: the drop is beyond 5 points" in failed.output) == (1, True)


def test_what_cannot_be_compared_is_refused_by_name(qa, tmp_path, says):
    says("Paris")
    qa("eval", "short-facts", "--limit", "5")
    with Store(tmp_path / "m.db", ROOM) as store:
        begin_run(store, "gpu", "telemetry")
    for pair, said in [
        (("1", "9"), "has no run 9"),
        (("1", "other"), "has no series other; it has telemetry, short-facts"),
        (("1", "2"), "of the kinds evaluation, gpu"),
        (("2", "2"), "runs of the kind gpu cannot be compared"),
    ]:
        refused = qa("compare", *pair)
        assert (refused.exit_code, said in refused.output) == (2, True), refused.output


def test_answers_are_marked_anew_and_stale_runs_are_named(qa, scripted, tmp_path, says):
    says("Paris")
    qa("eval", "short-facts", "--limit", "6")
    asked = len(scripted.chat_requests())
    again = qa("score", "1", "--scorer", "exact-match-squad")
    assert (again.exit_code, "by exact-match-squad" in again.output) == (0, True)
    assert len(scripted.chat_requests()) == asked
    assert "no run is stale" in qa("score").output
    with Store(tmp_path / "m.db", ROOM) as store:
        store.update(MARKS, {"scorer_digest": "earlier"}, {"scorer": "exact-match-squad"})
    stale = qa("score")
    assert (stale.exit_code, "stale: run 1, marked by an earlier exact-match-squad" in stale.output) == (1, True)
    assert qa("score", "--stale").exit_code == 0
    assert qa("score", "1", "--scorer", "choice-letter").exit_code == 2


def test_a_stored_request_is_sent_again_as_it_was(qa, scripted, says):
    says("Paris")
    qa("eval", "short-facts", "--limit", "5")
    first = next(body for body in scripted.chat_bodies() if b"capital of France" in body)
    same = qa("replay", "1", "1")
    assert (same.exit_code, scripted.chat_bodies()[-1]) == (0, first)
    says("Lyon")
    other = qa("replay", "1", "1")
    assert other.exit_code == 1
    assert "stored: correct: 'Paris'" in other.output
    assert "now:    wrong: 'Lyon'" in other.output
    assert "has no answer 99" in qa("replay", "1", "99").output


def test_each_answer_of_a_page_has_the_command_that_sends_its_request_again(qa, scripted, tmp_path, says):
    says("Answer: A")
    qa("eval", "science", "--limit", "5", "--draws", "2", "--temperature", "1")
    page = (tmp_path / "results" / "evaluation" / "run-1.html").read_text(encoding="utf-8")
    commands = re.findall("<code>qa (.*?)</code>", page)
    assert len(set(commands)) == 5 * 4 * 2
    assert "replay 1 5 --draw 1 --rotation 3" in commands
    qa("replay", "1", "5", "--draw", "1", "--rotation", "3")
    assert scripted.chat_bodies().count(scripted.chat_bodies()[-1]) == 3  # both draws, and again


def test_the_sets_and_scorers_are_listed_without_a_server():
    listed = CliRunner().invoke(app, ["eval", "--list"], catch_exceptions=False)
    assert "science: Science questions with four choices, 20 items in the form of mmlu" in listed.output
    assert "exact-match-squad: SQuAD 2.0" in listed.output
