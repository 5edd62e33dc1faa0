import json
import threading
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from keywords.engine.evidence.collector import Collector
from keywords.engine.evidence.files import BODY_LIMIT, write_exchanges
from keywords.engine.evidence.folders import evidence_of_row, evidence_of_suite
from keywords.engine.http.exchange import Chunk, Exchange
from keywords.engine.redaction.secrets import Secrets
from keywords.run.evidence import EvidenceLibrary


def exchange(number=0, **fields):
    given = {
        "method": "POST",
        "url": f"http://127.0.0.1:9/{number}",
        "request_headers": {},
        "request_body": b"",
        "started_at": 0.0,
        "status": 200,
    }
    return Exchange(**{**given, **fields})


def secrets(*values):
    known = Secrets()
    for value in values:
        known.protect(value)
    return known


def run_of(monkeypatch, folder, row=""):
    """Let the row of a suite run, or the setup of the suite."""
    variables = {"${OUTPUT DIR}": str(folder), "${SUITE NAME}": "Suites.S", **({"${TEST NAME}": row} if row else {})}
    monkeypatch.setattr("keywords.run.output_folder.BuiltIn", lambda: SimpleNamespace(get_variable_value=variables.get))


def body_file(folder, part):
    facts = json.loads((folder / "01-exchange.json").read_bytes())[part]["body"]
    return facts, (folder / facts["file"]).read_bytes()


def test_the_first_and_the_last_of_a_flood_are_kept_and_all_are_counted():
    collector = Collector(keep_first=2, keep_last=3)
    for number in range(1, 101):
        collector.add(exchange(number))
    assert [number for number, _ in collector.numbered()] == [1, 2, 98, 99, 100]
    assert collector.count == 100
    assert [one.url[-1] for _, one in collector.numbered()] == ["1", "2", "8", "9", "0"]
    collector.start()
    assert (collector.count, collector.numbered()) == (0, [])


def test_threads_may_add_at_once():
    collector = Collector()
    threads = [threading.Thread(target=lambda: [collector.add(exchange()) for _ in range(500)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert collector.count == 2000
    assert len(collector.numbered()) == 40


@pytest.mark.parametrize(
    ("body", "content_type", "name"),
    [
        (b'{"a": 1}', "application/json", "01-response.json"),
        (b"data: 1\n\n", "text/event-stream; charset=utf-8", "01-response.sse"),
        (b"plain", "text/plain", "01-response.txt"),
        (b"\xff\x00\xfe", "application/json", "01-response.bin"),
        (b"[" * 100_000, "application/json", "01-response.txt"),
    ],
)
def test_bodies_are_stored_to_the_byte(tmp_path, body, content_type, name):
    one = exchange(response_headers={"content-type": content_type}, chunks=[Chunk(0.1, body[:3]), Chunk(0.2, body[3:])])
    write_exchanges(tmp_path, [(1, one)], Secrets())
    facts, stored = body_file(tmp_path, "response")
    assert (facts["file"], facts["whole"], stored) == (name, True, body)


def test_times_of_chunks_are_stored(tmp_path):
    write_exchanges(tmp_path, [(1, exchange(chunks=[Chunk(0.25, b"abc"), Chunk(0.5, b"d")], failure="cut"))], Secrets())
    facts = json.loads((tmp_path / "01-exchange.json").read_bytes())
    assert facts["chunks"] == [{"at_s": 0.25, "bytes": 3}, {"at_s": 0.5, "bytes": 1}]
    assert facts["failure"] == "cut"


def test_a_cookie_that_a_server_sets_is_masked(tmp_path):
    sent = exchange(response_headers={"set-cookie": "session=abc; Secure", "x-a": "b"})
    write_exchanges(tmp_path, [(1, sent)], Secrets())
    facts = json.loads((tmp_path / "01-exchange.json").read_bytes())
    assert facts["response"]["headers"] == {"set-cookie": "<secret>", "x-a": "b"}


def test_a_huge_body_is_cut_and_says_so(tmp_path):
    write_exchanges(tmp_path, [(1, exchange(request_body=b"x" * (BODY_LIMIT + 1)))], Secrets())
    facts, stored = body_file(tmp_path, "request")
    assert (len(stored), facts["bytes"], facts["whole"]) == (BODY_LIMIT, BODY_LIMIT + 1, False)


def test_a_key_across_the_cut_is_not_left_in_part(tmp_path):
    body = b"x" * (BODY_LIMIT - 4) + b"sk-secret"
    write_exchanges(tmp_path, [(1, exchange(request_body=body))], secrets("sk-secret"))
    assert b"sk-" not in body_file(tmp_path, "request")[1]


def test_pieces_are_those_of_the_redacted_body(tmp_path):
    chunks = [Chunk(0.1, b"x" * 395 + b"sk-SEC"), Chunk(0.2, b"RET/+2ND y"), Chunk(0.3, b"z")]
    (written,) = write_exchanges(tmp_path, [(1, exchange(chunks=chunks))], secrets("sk-SECRET/+2ND"))
    assert [text for _, text in written.pieces] == ["x" * 395 + "<secr", "<secret> y", "z"]


def test_an_exchange_that_goes_on_is_given_as_it_stands():
    collector = Collector()
    running = exchange(under_way=True, status=200, chunks=[Chunk(0.1, b"so far")])
    collector.add(running)
    ((_, shown),) = collector.numbered()
    running.chunks.append(Chunk(0.2, b" and on"))
    assert (shown.body, shown.failure) == (b"so far", "it had not ended when the row did")
    running.under_way = False
    ((_, shown),) = collector.numbered()
    assert (shown.body, shown.failure) == (b"so far and on", None)


@dataclass
class _Measured:
    rate: float


@pytest.mark.parametrize(
    ("name", "value", "saved"),
    [
        ("health", {"status": "ok"}, ("health.json", b'{\n  "status": "ok"\n}')),
        ("health", SimpleNamespace(exchange=exchange(chunks=[Chunk(0, b"{}")])), ("health.json", b"{}")),
        ("health", SimpleNamespace(content=b'{"a":1}'), ("health.json", b'{"a":1}')),
        ("page", exchange(chunks=[Chunk(0, b"<p>")]), ("page.txt", b"<p>")),
        ("table.csv", "a,b\n", ("table.csv", b"a,b\n")),
        ("rates", _Measured(0.5), ("rates.json", b'{\n  "rate": 0.5\n}')),
        ("note", "key sk-protected", ("note.txt", b"key <secret>")),
        ("note", "half \ud83d", ("note.txt", b"half \\ud83d")),
        ("note", {"half": "\ud83d"}, ("note.json", b'{\n  "half": "\\ud83d"\n}')),
    ],
)
def test_a_row_saves_what_it_wants_to_show(tmp_path, monkeypatch, name, value, saved):
    run_of(monkeypatch, tmp_path, "A row")
    monkeypatch.setattr("keywords.run.evidence.SECRETS", secrets("sk-protected"))
    path = EvidenceLibrary().save_evidence(name, value)
    assert path.parent == evidence_of_row(tmp_path, "Suites.S", "A row")
    assert (path.name, path.read_bytes()) == saved


def test_a_suite_saves_in_a_folder_of_its_own(tmp_path, monkeypatch):
    run_of(monkeypatch, tmp_path)
    path = EvidenceLibrary().save_evidence("note", "x")
    assert path.parent == evidence_of_suite(tmp_path, "Suites.S")


@pytest.mark.parametrize("name", ["../out", "", "a/b", ".hidden", "01-request", "row.json"])
def test_a_name_that_is_no_files_or_is_taken_is_refused(name):
    with pytest.raises(ValueError, match=r"name: .* cannot be used; begin with a letter"):
        EvidenceLibrary().save_evidence(name, "x")


def test_a_name_with_a_secret_is_refused_without_showing_it(monkeypatch):
    monkeypatch.setattr("keywords.run.evidence.SECRETS", secrets("sk-protected"))
    with pytest.raises(ValueError, match="name: a secret stands in it") as failure:
        EvidenceLibrary().save_evidence("of sk-protected", "x")
    assert "sk-protected" not in str(failure.value)
