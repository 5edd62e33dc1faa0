"""A flood distinguishes good refusals from all other answers."""

import http.server
import json
import threading
import time

import pytest

from keywords.engine.fuzz import flood as module
from keywords.engine.fuzz.flood import Flood, FloodTooSlowError, error_shape_fault, send_all
from keywords.engine.fuzz.http import CHAT, KEY, MESSAGES, http_request
from keywords.engine.fuzz.malformed import MalformedRequest

ANTHROPIC = json.dumps({"type": "error", "error": {"type": "invalid_request_error", "message": "m"}}).encode()
GOOD = json.dumps({"error": {"message": "m", "type": "t", "param": None, "code": None}}).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.server.seen.append(self.headers.get("authorization"))
        what = self.path.strip("/")
        if what == "hang":
            time.sleep(0.3)
        if what == "vanish":
            self.close_connection = True
            return
        body = {"echo": b"Bearer qa-secret", "anthropic": ANTHROPIC}.get(what, GOOD)
        self.send_response(int(what) if what.isdecimal() else 400)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        # Closing without saying so is what a server does with an idle connection.
        self.close_connection = what == "202"

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.seen = []
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def flood(server, *paths, endpoint=CHAT, is_http=True, **options):
    requests = [MalformedRequest(endpoint, "f", http_request("POST", f"/{path}", body=b"x"), is_http) for path in paths]
    settings = {"api_key": "qa-secret", "seed": 1, "time_limit_s": 10, "progress": lambda _: None} | options
    return send_all(requests, url=f"http://127.0.0.1:{server.server_port}", **settings)


def test_refusals_in_order_are_no_findings(server):
    result = flood(server, "400", "404", "413")
    assert (result.sent, result.findings()) == (3, [])
    assert result.statuses[CHAT, "f"] == {400: 1, 404: 1, 413: 1}
    assert set(server.seen) == {"Bearer qa-secret"}


def test_each_fault_has_its_list(server):
    result = flood(server, "400", "500", "200", "302", "vanish", "echo")
    assert [f.status for f in result.server_errors] == [500]
    assert [f.status for f in result.accepted] == [200, 302]
    assert [f.status for f in result.unanswered] == [None]
    assert [f.fault for f in result.malformed_answers] == ["body is not JSON"]


def test_only_what_is_no_http_may_be_unknown_to_the_server(server):
    assert [f.status for f in flood(server, "501", "505", "400").server_errors] == [501, 505]
    assert flood(server, "501", "505", "400", is_http=False).findings() == []
    assert [f.status for f in flood(server, "500", "502", is_http=False).server_errors] == [500, 502]


def test_a_connection_that_the_server_closed_is_no_finding(server):
    assert flood(server, "202", "400", "400").statuses[CHAT, "f"] == {202: 1, 400: 2}


def test_findings_can_be_sent_again_and_hold_no_key(server):
    result = flood(server, "echo")
    (finding,) = result.malformed_answers
    assert KEY in finding.request
    assert finding.answer == b"Bearer " + KEY
    assert "qa-secret" not in repr(result)


def test_bytes_that_are_no_http_may_stay_unanswered_but_not_crash_the_server(server):
    result = flood(server, "vanish", "400", "503", is_http=False)
    assert result.statuses[CHAT, "f"] == {None: 1, 400: 1, 503: 1}
    assert [f.status for f in result.findings()] == [503]


def test_bytes_that_are_no_http_must_not_leave_a_connection_hanging(server, monkeypatch):
    monkeypatch.setattr(module, "_ANSWER_LIMIT_S", 0.1)
    (finding,) = flood(server, "hang", is_http=False).unanswered
    assert finding.answer.startswith(b"TimeoutError")


def test_each_endpoint_has_a_shape_of_its_own(server):
    assert flood(server, "anthropic", endpoint=MESSAGES).findings() == []
    assert [f.fault for f in flood(server, "anthropic").malformed_answers] == [
        "body is no error object (KeyError: 'param')"
    ]
    (finding,) = flood(server, "400", endpoint=MESSAGES).malformed_answers
    assert finding.fault.startswith("type must be 'error'")


def test_statuses_are_counted_for_each_endpoint(server):
    assert flood(server, "400", "404", "400", endpoint=MESSAGES).by_endpoint() == {MESSAGES: {400: 2, 404: 1}}


def test_a_flood_that_takes_too_long_tells_how_far_it_came(server):
    with pytest.raises(FloodTooSlowError, match=r"Only 1 of 3 requests were answered within 0\.2 s") as caught:
        flood(server, "hang", "400", "400", time_limit_s=0.2)
    assert caught.value.flood.sent == 1


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        ({"message": "m", "type": "t", "param": None, "code": "c"}, None),
        ({"message": "m", "type": "t", "param": None}, "body is no error object (KeyError: 'code')"),
        ({"message": "m", "type": "t", "param": None, "code": 400}, "error.code is 400, no text"),
        ({"message": None, "type": "t", "param": None, "code": None}, "error.message is None, no text"),
        ("text", "body is no error object (TypeError: string indices must be integers, not 'str')"),
    ],
)
def test_the_error_shape_has_four_keys_of_the_right_type(error, fault):
    assert error_shape_fault(json.dumps({"error": error}).encode()) == fault


def test_other_bodies_are_no_error_objects():
    assert error_shape_fault(b"<html>") == "body is not JSON"
    assert error_shape_fault(b'{"detail": []}') == "body is no error object (KeyError: 'error')"
    assert error_shape_fault(b"\xff\xfe") == "body is not JSON"


def test_a_finding_is_one_readable_line():
    result = Flood(1)
    result.add(MalformedRequest(CHAT, "no object", b"x" * 5000), 500, b"oops")
    line = str(result.server_errors[0])
    assert line.startswith("/v1/chat/completions, no object: server error; b'xxx")
    assert line.endswith("(5000 bytes) -> 500 b'oops'")
    assert len(line) < 600
