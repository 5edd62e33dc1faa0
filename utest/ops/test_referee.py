import asyncio
import json
import os
import sys
from dataclasses import replace

import pytest

from ops.bench.referee.core_watch import busy_share
from ops.bench.referee.laps import Track
from ops.bench.referee.page import markdown
from ops.bench.referee.reader import run
from ops.bench.referee.result import COSTS, USERS, Comparison, exit_code, save
from ops.bench.referee.server import Connection, Record, Referee
from ops.bench.referee.streams import Stream, client_errors, from_line, to_line
from ops.bench.referee.tools import Level, Tool, ToolError
from ops.bench.referee.tools import run as run_tool

RIGHT = {"ttft_error_p99_ms": 0.2, "gap_error_p99_ms": 0.1, "achieved": 1.0}


def comparison(**ours):
    found = Comparison(complete=True)
    for number in (0.0, 0.001):
        figures = RIGHT | {"cpu_us_per_chunk": 10.0, "cpu_us_per_request": 40.0} | ours
        ours_now = {name: value + number for name, value in figures.items()}
        costs = {name: ours_now.pop(name) for name in COSTS}
        peer = {"cpu_us_per_chunk": 30.0, "cpu_us_per_request": 100.0}
        dearer = {name: 4 * value for name, value in peer.items()}
        found.rounds.append({"referee's reader": dict(RIGHT), "qa load": ours_now, "Locust": {}, "aiperf": {}})
        found.costs.append({"qa load": costs, "Locust": peer} | ({"aiperf": dearer} if not number else {}))
    return found


def test_the_error_is_the_clients_value_less_the_referees():
    record = Record("a", received_s=10.0, sent_s=[11.0, 12.0, 13.0], whole=True)
    stream = Stream("a", 9.5, [11.5, 12.75, 13.75], whole=True)
    errors = client_errors([stream], {"a": record})
    assert errors.ttft_s == [1.0]  # 2.0 at the client, 1.0 at the referee
    assert errors.gaps_s == [0.25, 0.0]
    assert (errors.streams, errors.broken, errors.chunks) == (1, 0, 3)


def test_the_ttft_of_the_start_is_left_out():
    records = {name: Record(name, at, [at + 1, at + 2], whole=True) for name, at in (("a", 10.0), ("b", 12.0))}
    streams = [Stream("a", 3.0, [11.0, 12.0], whole=True), Stream("b", 11.5, [13.0, 14.0], whole=True)]
    errors = client_errors(streams, records, start_s=1.0)
    assert errors.ttft_s == [0.5]
    assert (errors.streams, len(errors.gaps_s)) == (2, 2)


@pytest.mark.parametrize(
    "stream",
    [
        Stream("b", 9.5, [11.0, 12.0], whole=True),
        Stream("a", 9.5, [11.0, 12.0], whole=False),
        Stream("a", 9.5, [11.0], whole=True),
    ],
    ids=["unknown", "broken off", "a chunk lost"],
)
def test_a_stream_that_is_not_whole_is_counted_and_not_compared(stream):
    errors = client_errors([stream], {"a": Record("a", 10.0, [11.0, 12.0], whole=True)})
    assert (errors.streams, errors.broken, errors.ttft_s) == (0, 1, [])


def test_a_stream_survives_its_line():
    stream = Stream("a", 1.5, [2.0, 2.5], whole=True)
    assert from_line(to_line(stream)) == stream


def test_the_referee_logs_each_chunk_that_its_reader_reads():
    async def both():
        referee = Referee()
        referee.pace.chunks, referee.pace.pause_s = 5, 0.001
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Connection(referee), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        streams = await run(f"http://127.0.0.1:{port}", 3, 0.05)
        server.close()
        return streams, {record.id: record for record in referee.records}

    streams, records = asyncio.run(both())
    errors = client_errors(streams, records)
    assert errors.streams == len(records) >= 3
    assert errors.broken == 0
    assert errors.chunks == 5 * errors.streams
    assert min(errors.ttft_s) >= 0  # nothing is read before it is sent


@pytest.mark.parametrize(
    ("ours", "code"),
    [
        ({}, 0),
        ({"ttft_error_p99_ms": 1.5}, 1),
        ({"cpu_us_per_chunk": 20.0}, 1),
        ({"cpu_us_per_request": 50.0}, 3),
    ],
    ids=["met", "TTFT missed", "CPU missed", "on the bound"],
)
def test_the_exit_code_says_whether_the_targets_are_met(ours, code):
    assert exit_code(comparison(**ours)) == code


def test_a_referee_that_errs_judges_nobody():
    found = comparison()
    for figures in found.rounds:
        figures["referee's reader"]["gap_error_p99_ms"] = 0.4
    assert exit_code(found) == 2
    assert "INVALID" in markdown(found)


@pytest.mark.parametrize("tool", ["qa load", "Locust", "aiperf"])
def test_a_missing_tool_gives_no_verdict(tool):
    found = comparison()
    for figures in (*found.rounds, *found.costs):
        figures.pop(tool, None)
    assert exit_code(found) == 2
    assert "not measured" in markdown(found)


def test_costs_are_compared_with_the_best_peer_round_by_round():
    found = comparison()
    found.costs = [
        {
            "qa load": {"cpu_us_per_chunk": 10.0},
            "Locust": {"cpu_us_per_chunk": 20.0},
            "aiperf": {"cpu_us_per_chunk": 90.0},
        },
        {"qa load": {"cpu_us_per_chunk": 40.0}, "Locust": {"cpu_us_per_chunk": 80.0}},
        {"qa load": {"cpu_us_per_chunk": 7.0}},
    ]
    ratio = found.ratio_to_best("cpu_us_per_chunk")
    assert (ratio.mean, ratio.low, ratio.high, ratio.n) == pytest.approx((0.5, 0.5, 0.5, 2))
    assert found.mean("qa load", "cpu_us_per_chunk").n == 3


def test_the_best_peer_is_the_same_one_in_all_rounds():
    found = comparison()
    found.costs = [
        {
            "qa load": {"cpu_us_per_chunk": 10.0},
            "Locust": {"cpu_us_per_chunk": 20.0},
            "aiperf": {"cpu_us_per_chunk": 25.0},
        },
        {
            "qa load": {"cpu_us_per_chunk": 10.0},
            "Locust": {"cpu_us_per_chunk": 20.0},
            "aiperf": {"cpu_us_per_chunk": 18.0},
        },
    ]
    assert found.ratio_to_best("cpu_us_per_chunk").mean == pytest.approx(0.5)


def test_a_peer_that_cannot_be_the_best_is_not_measured_again():
    found = comparison()
    assert found.rivals() == {"qa load", "Locust"}
    found.costs[0]["aiperf"]["cpu_us_per_request"] = 190.0
    assert found.rivals() == {"qa load", "Locust", "aiperf"}, "it may be the best one for a request"


def test_the_knee_is_the_first_level_that_errs_or_falls_behind():
    found = comparison()
    found.sweep = {
        "Locust": {1: RIGHT, 10: RIGHT | {"gap_error_p99_ms": 2.0}, 20: RIGHT},
        "qa load": {1: RIGHT, 10: RIGHT},
        "aiperf": {1: {"achieved": 1.0}, 10: RIGHT | {"achieved": 0.9}},
        "busy": {1: RIGHT | {"core_share": 0.85, "refused": 0.0}, 10: RIGHT | {"core_share": 0.86}},
        "late": {1: RIGHT | {"core_share": 0.5}, 10: RIGHT | {"core_share": 0.5, "refused": 1.0}},
    }
    assert [found.knee(tool) for tool in found.sweep] == [10, None, 10, 10, 10]
    assert f"{USERS} streams" in markdown(found)


def test_a_core_is_busy_between_two_moments():
    notes = ((0.0, 5.0), (1.0, 5.1), (2.0, 5.9), (3.0, 6.8), (4.0, 6.8))
    assert busy_share(notes, 1.0, 3.0) == pytest.approx(0.85)
    assert busy_share(notes, 1.2, 1.8) is None


def test_a_tools_core_is_watched(tmp_path):
    tool = Tool("short", "1", lambda *_: [sys.executable, "-c", "pass"], lambda _: [])
    core = run_tool(tool, "", Level(1, 0.1), tmp_path / "lap").core
    assert len(core) >= 2
    assert core[0][0] < core[-1][0]
    assert core[0][1] <= core[-1][1]


def test_a_failed_tool_says_its_last_words(tmp_path):
    def command(url, *_):
        return [sys.executable, "-c", f"print({url!r}, flush=True); raise SystemExit('no such model')"]

    tool = Tool("broken", "1", command, lambda _: [])
    with pytest.raises(ToolError, match=r"broken ended with 1: http://x no such model"):
        run_tool(tool, "http://x", Level(1, 0.1), tmp_path / "lap")


def test_a_tool_may_call_its_own_run_invalid(tmp_path):
    tool = Tool("strict", "1", lambda *_: [sys.executable, "-c", "raise SystemExit(2)"], lambda _: [])
    judging = replace(tool, has_judged=lambda status, folder: status == 2 and folder.is_dir())
    assert run_tool(judging, "", Level(1, 0.1), tmp_path / "one").refused
    with pytest.raises(ToolError):
        run_tool(tool, "", Level(1, 0.1), tmp_path / "two")


def test_the_cost_of_a_tool_contains_its_children(tmp_path):
    work = "import time\nwhile time.process_time() < 0.2: pass"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {work!r}])"
    tool = Tool("parent", "1", lambda *_: [sys.executable, "-c", parent], lambda _: [])
    ran = run_tool(tool, "", Level(1, 0.1, samples=False), tmp_path / "lap")
    assert ran.cpu_s >= 0.2 - 1 / os.sysconf("SC_CLK_TCK")


class Costly(Track):
    """A track before a tool that costs 1.5 s a run, 4 ms a stream and 0.5 ms a short request."""

    def __init__(self, folder, answers=1.0):
        super().__init__("", folder, 10.0)
        self._answers = answers

    def _set(self, pace):
        self._each_s, self._rate = (0.004, 100) if pace.pause_s else (0.0005, 1000)

    def _cpu(self, tool, users, seconds):  # noqa: ARG002  # a level costs the same for each
        answers = round(self._rate * seconds * self._answers)
        return 1.5 + self._each_s * answers, answers


def test_the_cost_is_that_of_one_more_chunk_and_of_one_more_request(tmp_path):
    track, tool = Costly(tmp_path), Tool("t", "1", None, None)
    assert track.chunk_cost(tool, 100) == pytest.approx({"start_cpu_s": 1.5, "cpu_us_per_chunk": 80.0})
    assert track.request_cost(tool) == pytest.approx({"cpu_us_per_request": 500.0, "requests_per_s": 1000.0})


def test_a_tool_that_gets_no_more_answers_in_a_longer_lap_has_no_cost(tmp_path):
    with pytest.raises(ToolError, match="got 0 answers in 2 s and 0 in 32 s"):
        Costly(tmp_path, answers=0).chunk_cost(Tool("t", "1", None, None), 100)


def test_a_tool_that_takes_less_in_a_longer_lap_has_no_cost(tmp_path):
    track = Costly(tmp_path)
    track._cpu = lambda _tool, _users, seconds: (1.5 - 0.01 * seconds, round(100 * seconds))
    with pytest.raises(ToolError, match=r"t took 1\.48 s of processor time in 2 s, and less in more"):
        track.request_cost(Tool("t", "1", None, None))


def test_the_results_can_be_written_as_json(tmp_path):
    save(comparison(), tmp_path / "measure.json")
    content = json.loads((tmp_path / "measure.json").read_text("utf-8"))
    assert content["valid"] is True
    assert [target["met"] for target in content["targets"]] == ["yes"] * 4
