"""The table of marks, its exit code, and what the tools' files are read as."""

import json

import pytest

from keywords.engine.load.cases.play import CASES
from keywords.engine.scripted.backend import ScriptedBackend
from ops.bench.conformance import playing
from ops.bench.conformance.aiperf import _read as read_aiperf
from ops.bench.conformance.facts import Fact
from ops.bench.conformance.locust import _read as read_locust
from ops.bench.conformance.page import evidence, markdown
from ops.bench.conformance.playing import Judged
from ops.bench.conformance.plays import plays_of
from ops.bench.conformance.reported import Reported
from ops.bench.conformance.result import Conformance, Outcome, exit_code
from ops.bench.referee.tools import ToolError

CASE = "early_role"
PLAY = plays_of(CASE)[0]


def judged(mark, part=""):
    fact = Fact("failed", "0", "2", mark)
    return Judged(part, "load --for | 3", (fact,), ("a line",), ("a warning",))


def results(mark="right", *, complete=True):
    outcomes = {case: {"qa load": Outcome([judged("right")])} for case in CASES}
    outcomes[CASE] = {"qa load": Outcome([judged("right"), judged(mark, "second part")])}
    return Conformance({"date": "today"}, {"qa load": ""}, {}, outcomes, complete)


def test_the_exit_code_is_that_of_our_own_marks():
    assert exit_code(results()) == 0
    assert exit_code(results("wrong")) == 1
    assert exit_code(results("not reported")) == 1
    assert exit_code(results(complete=False)) == 2
    missing = results()
    missing.outcomes[CASE]["qa load"].error = "it did not end"
    assert exit_code(missing) == 2


def test_a_peers_mark_changes_no_exit_code():
    found = results()
    found.outcomes[CASE]["Locust"] = Outcome([judged("wrong")])
    assert exit_code(found) == 0


def test_each_mark_links_to_its_evidence_and_says_why():
    page = markdown(results("wrong"))
    assert "| early_role | [wrong](conformance/early_role.md#qa-load): failed: 0, not 2 |" in page
    assert "**22 of 23 right**" in page
    shown = evidence(results("wrong"), CASE)
    assert "## qa load" in shown
    assert "### second part" in shown
    assert "| failed | 0 | 2 | wrong |" in shown
    assert "a line" in shown
    assert "- a warning" in shown


def test_a_run_with_another_option_stands_beside_and_does_not_count():
    found = results()
    found.outcomes[CASE]["qa load"].others.append(judged("wrong", "with another option"))
    assert found.mark(CASE, "qa load") == "right"
    assert "- early_role, qa load with another option: wrong (failed: 0, not 2)" in markdown(found)


def test_aiperfs_numbers_are_milliseconds(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "log.txt").write_text("WARNING  it is late\n")
    told = {
        "completed_request_count": {"avg": 4.0},
        "request_count": {"avg": 3.0},
        "error_summary": [{"error_details": {"code": 500, "type": "Oh"}, "count": 1}],
        "time_to_first_token": {"avg": 90.0, "p90": 95.0, "max": 99.0, "count": 3},
        "output_sequence_length": {"avg": 5.0},
        "adj_request_latency": {"p90": "Infinity"},
    }
    (tmp_path / "out" / "profile_export_aiperf.json").write_text(json.dumps(told))
    read = read_aiperf(PLAY, tmp_path)
    assert (read.ended, read.failed, read.classes) == (4, 1, {"500 Oh": 1})
    assert (read.mean("ttft"), read.percentile("ttft", 90), read.mean("tokens")) == (0.09, 0.095, 5.0)
    assert read.adjusted_p90 == float("inf")
    assert read.warnings == ["WARNING it is late"]


def test_aiperf_writes_no_file_where_all_requests_failed(tmp_path):
    (tmp_path / "log.txt").write_text("ERROR    All 2 inference request(s) failed; no successful responses\n")
    read = read_aiperf(PLAY, tmp_path)
    assert (read.ended, read.failed, read.mean("ttft")) == (2, 2, None)


HEAD = (
    "Type,Name,Request Count,Failure Count,Average Response Time,Max Response Time,Average Content Size,50%,90%,99%\n"
)


def test_locusts_numbers_are_milliseconds(tmp_path):
    rows = (
        "POST,/v1/chat/completions,4,1,1.0,1.0,0,1,1,1\n"
        "LLM,time to first token,3,0,90.5,99.0,0,90,95,99\n"
        "LLM,end to end,3,0,120,121,5.0,120,N/A,\n"
    )
    (tmp_path / "out_stats.csv").write_text(HEAD + rows)
    (tmp_path / "out_failures.csv").write_text("Method,Name,Error,Occurrences\nPOST,x,Oh,1\n")
    (tmp_path / "log.txt").write_text("[now] here/WARNING/root: CPU usage above 90%!\n[now] here/INFO/x: fine\n")
    read = read_locust(PLAY, tmp_path)
    assert (read.ended, read.failed, read.classes) == (4, 1, {"Oh": 1})
    assert (read.mean("ttft"), read.percentile("ttft", 90), read.mean("tokens")) == (0.0905, 0.095, 5.0)
    assert read.percentile("e2e", 90) is None
    assert len(read.warnings) == 1


def test_a_tool_that_sends_nothing_has_no_mark(monkeypatch, tmp_path):
    class Idle:
        leads = 0

        def cannot(self, _):
            return ""

        def read(self, *_):
            return Reported(ended=0, failed=0)

    monkeypatch.setattr(playing, "run", lambda *_: "idle")
    backend = ScriptedBackend()
    backend.start()
    try:
        with pytest.raises(ToolError, match="no request came"):
            playing.judge(Idle(), plays_of("error_after_200")[0], backend, tmp_path)
    finally:
        backend.stop()
