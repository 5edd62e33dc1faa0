"""The ledger: what stands in it, what happens when it cannot keep up, and what it refuses to write to."""

import asyncio
import json
import sqlite3
import sys
import threading
import time
from contextlib import closing

import pytest
from typer.testing import CliRunner

from gateway.cli.main import app
from gateway.cli.tables import print_records
from gateway.config.problems import ConfigError
from gateway.observability.background_writer import BackgroundWriter
from gateway.observability.ledger import Ledger
from gateway.request.record import RequestRecord
from gateway.request.usage import Usage


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.sqlite3"


def read(path, query="SELECT * FROM requests ORDER BY seq"):
    with sqlite3.connect(path) as connection:
        connection.row_factory = sqlite3.Row
        rows = [dict(row) for row in connection.execute(query)]
    connection.close()
    return rows


def close(sink):
    asyncio.run(sink.close())


def await_written(ledger, count):
    deadline = time.monotonic() + 5
    while ledger.written < count and time.monotonic() < deadline:
        time.sleep(0.01)
    assert ledger.written == count


def record(number=0, path="/v1/x"):
    made = RequestRecord(str(number), "POST", path, status=200)
    made.settle(0.0, None)
    return made


def test_everything_that_came_before_the_end_is_written(path):
    ledger = Ledger(path, queue=1000)
    for number in range(1000):
        ledger.add(record(number))
    close(ledger)
    assert [row["id"] for row in read(path)] == [str(number) for number in range(1000)]
    assert (ledger.written, ledger.dropped) == (1000, 0)


def test_probes_are_not_recorded(path):
    ledger = Ledger(path, queue=10)
    ledger.add(record(path="/health"))
    close(ledger)
    assert read(path) == []


def test_two_gateways_may_write_to_one_ledger(path):
    ledgers = [Ledger(path, queue=100) for _ in range(2)]
    for number in range(50):
        for ledger in ledgers:
            ledger.add(record(number))
    for ledger in ledgers:
        close(ledger)
    assert len(read(path)) == 100


def test_what_does_not_fit_is_counted_and_told(caplog):
    free, seen = threading.Event(), []

    def write(batch):
        free.wait(5)
        seen.extend(batch)

    batches = BackgroundWriter("ledger", write, limit=3)
    batches.put(record())
    time.sleep(0.3)  # the thread holds the first one now
    for number in range(5):
        batches.put(record(number))
    free.set()
    close(batches)
    assert (len(seen), batches.written, batches.dropped) == (4, 4, 2)
    (dropped,) = [entry.fields for entry in caplog.records if entry.fields["event"] == "ledger_dropped"]
    assert (dropped["count"], dropped["total"]) == (2, 2)


def test_a_write_that_fails_costs_its_records_and_is_told(path, caplog):
    ledger = Ledger(path, queue=10)
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE requests")
    connection.close()
    ledger.add(record())
    close(ledger)
    assert (ledger.written, ledger.dropped) == (0, 1)
    assert "ledger_failed" in [entry.fields["event"] for entry in caplog.records]


@pytest.mark.parametrize("has_written", [True, False])
@pytest.mark.parametrize("statement", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
def test_a_ledger_that_another_program_locks_for_long_loses_no_row(path, monkeypatch, caplog, statement, has_written):
    monkeypatch.setattr("gateway.observability.ledger.BUSY_S", 0.05)
    ledger = Ledger(path, queue=10)
    if has_written:
        ledger.add(record(0))
        await_written(ledger, 1)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(statement)
        for number in range(1, 4):
            ledger.add(record(number))
            time.sleep(0.2)
        assert ledger.written == has_written
        other.execute("ROLLBACK")
    close(ledger)
    assert [row["id"] for row in read(path)] == [str(number) for number in range(1 - has_written, 4)]
    assert ledger.dropped == 0
    assert "ledger_waits" in [entry.fields["event"] for entry in caplog.records]


def test_the_rows_that_wait_for_a_lock_are_bounded_by_the_queue(path, monkeypatch):
    monkeypatch.setattr("gateway.observability.ledger.BUSY_S", 0.05)
    ledger = Ledger(path, queue=5)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        ledger.add(record(0))
        time.sleep(0.4)
        for number in range(1, 20):
            ledger.add(record(number))
            time.sleep(0.02)
        other.execute("ROLLBACK")
    close(ledger)
    assert ledger.written + ledger.dropped == 20
    assert 5 <= ledger.written <= 10


def test_rows_that_cannot_be_written_until_the_end_are_counted(path, monkeypatch):
    monkeypatch.setattr("gateway.observability.ledger.BUSY_S", 0.05)
    ledger = Ledger(path, queue=10)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        ledger.add(record(0))
        time.sleep(0.3)
        close(ledger)
        other.execute("ROLLBACK")
    assert (ledger.written, ledger.dropped) == (0, 1)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_its_owner_may_read_a_ledger(path):
    ledger = Ledger(path, queue=10)
    ledger.add(record())
    await_written(ledger, 1)
    modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    close(ledger)
    assert set(modes.values()) == {0o600}, modes


def test_a_ledger_that_was_moved_away_is_begun_anew(path):
    ledger = Ledger(path, queue=10)
    ledger.add(record(1))
    await_written(ledger, 1)
    path.rename(path.with_name("moved.sqlite3"))
    for companion in ("-wal", "-shm"):
        path.with_name(path.name + companion).unlink(missing_ok=True)
    ledger.add(record(2))
    close(ledger)
    assert [row["id"] for row in read(path)] == ["2"]
    assert ledger.dropped == 0


def test_another_program_that_keeps_the_ledger_does_not_keep_the_gateway_from_ending(path, monkeypatch):
    monkeypatch.setattr("gateway.observability.background_writer.CLOSE_S", 0.2)
    ledger = Ledger(path, queue=10)
    ledger.add(record(1))
    await_written(ledger, 1)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        ledger.add(record(2))
        began = time.monotonic()
        close(ledger)
        assert time.monotonic() - began < 2
        other.execute("ROLLBACK")
    await_written(ledger, 2)


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"ledger\.path.*cannot be written.*writable folder"):
        Ledger(tmp_path / "no" / "ledger", queue=1)


def test_another_database_is_refused_and_left_as_it_is(path):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE precious (x)")
    connection.close()
    with pytest.raises(ConfigError, match="no ledger of this version"):
        Ledger(path, queue=1)
    assert [row["name"] for row in read(path, "SELECT name FROM sqlite_master")] == ["precious"]


def test_requests_stand_in_it_with_their_attempts_tokens_and_costs(path, backend, start_gateway):
    with start_gateway(
        ledger={"path": path},
        prices={"m": {"input_per_million": 1, "output_per_million": 2}},
        backends={
            "dead": {"kind": "openai", "base_url": "http://127.0.0.1:9/v1"},
            "up": {"kind": "openai", "base_url": backend.url},
        },
        models={"m": {"route": [{"backend": "dead"}, {"backend": "up", "model": "inner"}]}},
    ) as client:
        good = client.chat()
        backend.answers({"error": {"message": "no"}}, 400)
        client.chat()
    first, second = read(path)
    assert first["id"] == good.headers["x-request-id"]
    assert f"{first['gateway_us'] / 1000:.3f}" == good.headers["x-gateway-time-ms"]
    assert good.headers["x-gateway-cost-usd"] == "0.0000030000"
    assert (first["model"], first["backend"], first["status"], first["cost_usd"]) == ("m", "up", 200, 3e-6)
    assert (first["prompt_tokens"], first["completion_tokens"], first["tokens_source"]) == (1, 1, "backend")
    assert (second["status"], second["prompt_tokens"], second["cost_usd"]) == (400, None, None)
    tried = read(path, "SELECT backend, model, reason, outcome FROM attempts WHERE request = 1")
    assert [tuple(row.values()) for row in tried] == [
        ("dead", "m", "backend_refused", "failed"),
        ("up", "inner", None, "answered"),
    ]
    tail = CliRunner().invoke(app, ["ledger", "tail", "--file", str(path), "-n", "2"]).output
    assert good.headers["x-request-id"] in tail
    assert "dead backend_refused, up answered" in tail
    _, model = CliRunner().invoke(app, ["ledger", "summary", "--file", str(path)]).output.splitlines()
    assert model.split("\t")[:8] == ["m", "2", "0", "1", "1", "1", "0", "0.000003"]


@pytest.mark.parametrize("terminal", [True, False])
def test_names_are_shown_as_they_are_and_each_source_of_tokens_has_its_mark(path, terminal):
    ledger = Ledger(path, queue=10)
    for source in ("backend", "tokenizer", "estimate"):
        made = record()
        made.model, made.key_id, made.usage = "[red]", ":cat:", Usage(3, 4, source)
        made.cost_usd = 0.25 if source == "backend" else None
        ledger.add(made)
    close(ledger)
    environment = {"COLUMNS": "300", "FORCE_COLOR": "1"} if terminal else {}
    shown = CliRunner().invoke(app, ["ledger", "tail", "--file", str(path)], env=environment).output
    assert shown.count("[red]") == shown.count(":cat:") == 3
    assert [shown.count(mark) for mark in ("3+4", "3+4 t", "3+4 ~")] == [3, 1, 1]
    assert [shown.count(cost) for cost in ("0.250000", "0.000000")] == [1, 0]


def test_a_ledger_that_is_not_there_is_said_so(path):
    result = CliRunner().invoke(app, ["ledger", "tail", "--file", str(path)])
    assert result.exit_code == 1
    assert "cannot be read as a ledger" in result.output


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_gateway_does_not_start_before_a_ledger_that_it_cannot_write(tmp_path, workers):
    config = tmp_path / "gateway.toml"
    lines = ['backends.up = { kind = "openai", base_url = "http://x" }', 'models.m.route = [{ backend = "up" }]']
    config.write_text("\n".join([*lines, f"ledger.path = {json.dumps(str(tmp_path / 'no' / 'ledger'))}"]))
    result = CliRunner().invoke(app, ["serve", "--config", str(config), "--workers", workers])
    assert result.exit_code == 2
    assert "ledger.path" in result.output


@pytest.mark.parametrize(("columns", "lines"), [("80", False), ("100", True)])
def test_a_narrow_terminal_cuts_nothing_off(monkeypatch, capsys, columns, lines):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", columns)
    print_records(("id", "attempts"), [("0" * 32, "dead backend_refused, up answered, and so on")])
    shown = capsys.readouterr().out
    assert "0" * 32 in shown
    assert ("│" in shown) is lines
