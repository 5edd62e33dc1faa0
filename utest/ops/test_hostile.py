import asyncio
import re
import signal
import socketserver
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from ops.bench.hostile import measure
from ops.bench.hostile.kinds import KINDS
from ops.bench.hostile.line import attack
from ops.bench.hostile.measure import Result
from ops.bench.hostile.table import markdown

ROOT = next(folder for folder in Path(__file__).parents if (folder / "pyproject.toml").is_file())


def result(**fields):
    values = {
        "kind": "silent",
        "connections": 10,
        "sent_mb": 1.5,
        "rss_before_mb": 70.0,
        "rss_growth_mb": 1.0,
        "health_ms": 2.0,
        "probes": 500,
        "failed": 0,
    }
    return Result(**{**values, **fields})


@pytest.mark.parametrize(
    ("fields", "holds"),
    [
        ({}, True),
        ({"rss_growth_mb": 64.0, "health_ms": 250.0}, True),
        ({"rss_growth_mb": 64.1}, False),
        ({"health_ms": 250.1}, False),
        ({"failed": 1}, False),
    ],
)
def test_a_kind_is_held_within_both_bounds(fields, holds):
    assert result(**fields).is_within_bounds is holds
    assert ("| yes |" in markdown([result(**fields)], {"silent": "x"})) is holds


def test_a_p99_of_too_few_values_is_their_maximum_and_says_so():
    assert "| 2.0 | 500 |" in markdown([result()], {"silent": "x"})
    assert "| max 2.0 | 298 |" in markdown([result(probes=298)], {"silent": "x"})


def test_there_are_twenty_kinds_and_each_says_what_it_does():
    assert len(KINDS) >= 20
    assert len({kind.about for kind in KINDS.values()}) == len(KINDS)


@pytest.fixture
def server():
    """The address of a server that reads whatever comes."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            with suppress(OSError):
                while self.request.recv(65536):
                    pass

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False
        request_queue_size = 100

    with Server(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.05,))
        thread.start()
        yield running.server_address
        running.shutdown()
        thread.join()


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_connects_and_ends_in_time(server, name):
    began = time.monotonic()
    effort = asyncio.run(attack(server, KINDS[name].play, 3, 0.1))
    assert time.monotonic() - began < 3
    assert effort.connections >= 3
    assert (effort.sent_bytes > 0) is (name not in {"silent", "connects"})


def test_a_defect_of_an_attack_is_not_hidden(server):
    async def play(_):
        raise KeyError("defect")

    with pytest.raises(KeyError, match="defect"):
        asyncio.run(attack(server, play, 2, 0.05))


def command(*arguments):
    return [sys.executable, "-m", "ops.bench.hostile", *arguments]


def run(*arguments):
    return subprocess.run(command(*arguments), cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["no-such-kind"], "'no-such-kind' is no kind"),
        (["--seconds", "0"], "'0' is no time"),
        (["--seconds", "soon"], "'soon' is no time"),
        (["--seconds", "nan"], "'nan' is no time"),
        (["--seconds", "-1"], "'-1' is no time"),
        (["--minutes"], "unrecognized arguments"),
        (["silent", "--to", str(Path(__file__) / "x")], "no verdict"),
    ],
)
def test_bad_input_has_status_2_and_the_reason(arguments, told):
    done = run(*arguments)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_help_lists_kinds_bounds_and_statuses():
    text = run("--help").stdout
    assert all(name in text for name in KINDS)
    assert all(word in text for word in ("64 MB", "250 ms", "exit status", "--seconds"))


def test_kinds_are_measured_against_a_gateway_of_their_own(tmp_path):
    done = run("half-heads", "junk-behind", "--seconds", "0.5", "--to", str(tmp_path))
    assert done.returncode in {0, 1}, done.stderr
    page = (tmp_path / "hostile.md").read_text("utf-8")
    assert page == done.stdout
    rows = [line.split(" | ") for line in page.splitlines()[2:]]
    assert [row[0].removeprefix("| ") for row in rows] == ["half-heads", "junk-behind"]
    assert all(float(row[4]) > 20 for row in rows)
    assert all(int(row[7]) > 0 for row in rows)
    assert "1 of 2: half-heads, 2000 connections" in done.stderr


def test_one_kind_beyond_a_bound_has_status_1(tmp_path, monkeypatch, capsys):
    from ops.bench.hostile import __main__ as program  # noqa: PLC0415  # the program is a module too

    monkeypatch.setattr(measure, "RSS_MB", -1000.0)
    monkeypatch.setattr(sys, "argv", ["hostile", "junk-behind", "--seconds", "0.2", "--to", str(tmp_path)])
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with pytest.raises(SystemExit) as ended:
        program.main()
    assert ended.value.code == 1
    assert "| NO |" in capsys.readouterr().out


def test_ctrl_c_keeps_what_there_is_and_leaves_no_gateway(tmp_path):
    process = subprocess.Popen(
        command("half-closed", "silent", "--seconds", "0.5", "--to", str(tmp_path)),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    lines = []
    for line in process.stderr:
        lines.append(line)
        if "2 of 2" in line:
            break
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=30)
    assert process.returncode == 130, errors
    assert "broken off" in errors
    assert re.findall(r"^\| (half-closed|silent) \|", output, re.MULTILINE) == ["half-closed"]
    assert (tmp_path / "hostile.md").read_text("utf-8") == output
