import json
import os
import subprocess
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest

from keywords.engine.evidence.collector import Collector, folder_of_row
from keywords.engine.evidence.files import BODY_LIMIT, write_exchanges
from keywords.engine.evidence.reproduction import LOG_TAIL_BYTES, write_curl_script, write_log_tail
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


def test_the_folder_of_a_row_is_readable_and_its_own(tmp_path):
    folder = folder_of_row(tmp_path, "Suites.Api", 'Model "v1.2/ü" answers: ' + "x" * 200)
    assert folder.parent == tmp_path / "evidence"
    assert folder.name.startswith("model-v1-2-answers-xxx")
    assert len(folder.name) <= 67
    assert folder != folder_of_row(tmp_path, "Suites.Other", 'Model "v1.2/ü" answers: ' + "x" * 200)
    assert folder_of_row(tmp_path, "S", "模型").name.isalnum()


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


def test_a_huge_body_is_cut_and_says_so(tmp_path):
    write_exchanges(tmp_path, [(1, exchange(request_body=b"x" * (BODY_LIMIT + 1)))], Secrets())
    facts, stored = body_file(tmp_path, "request")
    assert (len(stored), facts["bytes"], facts["whole"]) == (BODY_LIMIT, BODY_LIMIT + 1, False)


def test_a_key_across_the_cut_is_not_left_in_part(tmp_path):
    body = b"x" * (BODY_LIMIT - 4) + b"sk-secret"
    write_exchanges(tmp_path, [(1, exchange(request_body=body))], secrets("sk-secret"))
    assert b"sk-" not in body_file(tmp_path, "request")[1]


def test_the_tail_of_a_log_begins_where_the_row_began(tmp_path):
    log = tmp_path / "gateway-1.log"
    log.write_bytes(b"before\n" + b"during\n")
    (tmp_path / "row").mkdir()
    assert write_log_tail(tmp_path / "row", log, len(b"before\n"), bytes).read_bytes() == b"during\n"


def test_of_a_long_log_only_the_end_is_kept_and_no_part_of_a_key(tmp_path):
    log = tmp_path / "gateway-1.log"
    log.write_bytes(b"x" * 1000 + b"sk-secret" + b"y" * (LOG_TAIL_BYTES - 4))
    (tmp_path / "row").mkdir()
    tail = write_log_tail(tmp_path / "row", log, 0, secrets("sk-secret").redact).read_bytes()
    assert len(tail) == LOG_TAIL_BYTES
    assert tail.endswith(b"ret>" + b"y" * (LOG_TAIL_BYTES - 4))


class _Echo(BaseHTTPRequestHandler):
    seen = ()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.seen.append((self.path, dict(self.headers), body))
        self.send_response(200)
        self.send_header("content-length", "4")
        self.end_headers()
        self.wfile.write(b"echo")

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    _Echo.seen = []
    with ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def run_script(tmp_path, exchanges, *arguments, **environment):
    written = write_exchanges(tmp_path, enumerate(exchanges, start=1), Secrets())
    script = write_curl_script(tmp_path, written, bytes)
    variables = {"PATH": os.environ["PATH"], **environment}
    return subprocess.run(
        ["sh", str(script), *arguments], env=variables, capture_output=True, text=True, timeout=20, check=False
    )


def test_the_script_sends_the_same_bytes_again(tmp_path, server):
    body = b'{"a": "it\'s $HOME"}\n\xff\x00'
    headers = {"content-type": "application/json; x='$y'", "authorization": "<secret>", "x-empty": "", "host": "wrong"}
    one = exchange(url=f"{server}/v1/a%20b?c=[d]&e='f'", request_headers=headers, request_body=body)
    process = run_script(tmp_path, [one], GATEWAY_API_KEY="sk-1")
    assert "echo" in process.stdout
    assert process.returncode == 0
    path, sent, received = _Echo.seen[0]
    assert (path, received) == ("/v1/a%20b?c=[d]&e='f'", body)
    assert sent["content-type"] == headers["content-type"]
    assert sent["authorization"] == "Bearer sk-1"
    assert sent["x-empty"] == ""
    assert sent["Host"] == server.removeprefix("http://")


def test_the_script_ends_as_the_first_curl_that_failed_and_names_the_remedy(tmp_path, server):
    urls = (f"{server}/1", "http://127.0.0.1:9/2", f"{server}/3")
    exchanges = [exchange(url=url, request_body=b"x") for url in urls]
    process = run_script(tmp_path, exchanges)
    assert process.returncode == 7
    assert [path for path, _, _ in _Echo.seen] == ["/1", "/3"]
    assert "Start one with: gateway serve" in process.stderr
    assert "GATEWAY_URL=http://127.0.0.1:8080 sh curl.sh" in process.stderr
    assert run_script(tmp_path, exchanges, "1").stderr == ""


def test_the_script_adds_no_header_of_its_own(tmp_path, server):
    run_script(tmp_path, [exchange(url=f"{server}/a", request_body=b"x")])
    assert not {"accept", "content-type", "expect"} & {name.lower() for name in _Echo.seen[0][1]}


def test_the_script_sends_one_exchange_to_another_gateway(tmp_path, server):
    exchanges = [exchange(url=f"http://127.0.0.1:9/{n}", request_body=b"x") for n in range(1, 4)]
    run_script(tmp_path, exchanges, "2", GATEWAY_URL=server)
    assert [path for path, _, _ in _Echo.seen] == ["/2"]


def test_a_row_that_sent_nothing_needs_no_script(tmp_path):
    assert write_curl_script(tmp_path, [], bytes) is None


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
    ],
)
def test_a_row_saves_what_it_wants_to_show(tmp_path, monkeypatch, name, value, saved):
    variables = {"${OUTPUT DIR}": str(tmp_path), "${SUITE NAME}": "Suites.S", "${TEST NAME}": "A row"}
    monkeypatch.setattr("keywords.run.evidence.BuiltIn", lambda: SimpleNamespace(get_variable_value=variables.get))
    monkeypatch.setattr("keywords.run.evidence.SECRETS", secrets("sk-protected"))
    path = EvidenceLibrary().save_evidence(name, value)
    assert path.parent == folder_of_row(tmp_path, "Suites.S", "A row")
    assert (path.name, path.read_bytes()) == saved


@pytest.mark.parametrize("name", ["../out", "", "a/b", ".hidden", "01-request", "row.json"])
def test_a_name_that_is_no_files_or_is_taken_is_refused(name):
    with pytest.raises(ValueError, match=r"name: .* cannot be used; begin with a letter"):
        EvidenceLibrary().save_evidence(name, "x")
