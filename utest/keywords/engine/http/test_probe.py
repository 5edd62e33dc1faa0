"""The probe of a server returns its facts, or names the problem and the remedy."""

import http.server
import itertools
import json
import re
import threading
import time

import pytest

from keywords.engine.http import probe as probe_module
from keywords.engine.http.probe import Facts, ProbeError, fetch, probe
from utest.keywords.engine.load.servers import raw_server

MODELS = {"object": "list", "data": [{"id": "a"}, {"id": "b"}]}


@pytest.fixture
def serve():
    """Serve fixed answers by method and path; return the URL and the list of requests."""
    servers = []

    def serve(answers):
        seen = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                self.rfile.read(int(self.headers.get("content-length", 0)))
                seen.append((self.command, self.path, self.headers.get("authorization")))
                answer = answers.get(self.path, (404, {}))
                status, body = answer(self.headers.get("authorization")) if callable(answer) else answer
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

            do_GET = do_POST = answer  # noqa: N815  (the names that http.server calls)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}", seen

    yield serve
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


def test_our_gateway_with_keys_is_recognised(serve):
    url, seen = serve(
        {
            "/v1/models": (200, MODELS),
            "/v1/chat/completions": (401, {}),
            "/health": (200, {"status": "ok", "service": "llm-gateway", "version": "1.2"}),
        }
    )
    assert probe(f"{url}/v1", "qa-key") == Facts(
        url, ("a", "b"), is_our_gateway=True, enforces_keys=True, version="1.2"
    )
    assert seen[0] == ("GET", "/v1/models", "Bearer qa-key")
    assert ("POST", "/v1/chat/completions", "Bearer wrong-key") in seen


@pytest.mark.parametrize("health", [b"OK", {"status": "ok"}, []])
def test_another_server_is_recognised(serve, health):
    url, _ = serve({"/v1/models": (200, MODELS), "/v1/chat/completions": (400, {}), "/health": (200, health)})
    assert probe(url, None) == Facts(url, ("a", "b"), is_our_gateway=False, enforces_keys=False)


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (200, b"<html>", r"is not OpenAI-compatible: GET /v1/models gave 200 with b'<html>'"),
        (200, b"[" * 100_000, r"is not OpenAI-compatible: GET /v1/models gave 200 with b'\[\["),
        (404, {}, r"is not OpenAI-compatible: GET /v1/models gave 404"),
        (200, {"data": []}, r"lists no model in /v1/models\. Load one"),
    ],
)
def test_an_unusable_server_is_an_error_with_a_remedy(serve, status, body, message):
    url, _ = serve({"/v1/models": (status, body)})
    with pytest.raises(ProbeError, match=message):
        probe(url, None)


@pytest.mark.parametrize(("key", "given"), [(None, "no key"), ("qa-key", "the given key")])
def test_a_refused_key_is_an_error_that_does_not_show_it(serve, key, given):
    url, _ = serve({"/v1/models": (401, {})})
    with pytest.raises(ProbeError, match=rf"refuses {given} \(401\)\. Give a valid key in GATEWAY_API_KEY\.") as caught:
        probe(url, key)
    assert "qa-key" not in str(caught.value)


def test_a_server_that_does_not_answer_is_an_error():
    with pytest.raises(ProbeError, match=r"No server answers at http://127\.0\.0\.1:9 within 5 s \(ConnectError"):
        probe("http://127.0.0.1:9", None)


@pytest.mark.parametrize("url", ["127.0.0.1:9", "http://", "ftp://x"])
def test_an_invalid_address_is_an_error(url):
    with pytest.raises(ProbeError, match="No server answers at"):
        probe(url, None)


def test_user_and_password_of_the_address_are_sent_and_not_shown(serve):
    url, seen = serve({"/v1/models": (401, {})})
    with pytest.raises(ProbeError, match="refuses no key") as refused:
        probe(url.replace("http://", "http://tester:s3cr3t@"), None)
    assert seen[0][2].startswith("Basic ")
    assert "s3cr3t" not in str(refused.value)
    with pytest.raises(ProbeError, match=r"No server answers at http://127\.0\.0\.1:9 ") as unreachable:
        probe("http://tester:s3cr3t@127.0.0.1:9", None)
    assert "s3cr3t" not in str(unreachable.value)


def by_key(right, wrong):
    return lambda header: wrong if header == "Bearer wrong-key" else right


@pytest.mark.parametrize("status", [400, 401, 403, 404])
@pytest.mark.parametrize("path", ["/v1/models", "/v1/chat/completions"])
def test_any_other_answer_to_a_wrong_key_counts_as_refusing_it(serve, status, path):
    answers = {"/v1/models": (200, MODELS), "/v1/chat/completions": (422, {})}
    answers[path] = by_key(answers[path], (status, {}))
    url, _ = serve(answers)
    assert probe(url, "qa-key").enforces_keys


@pytest.mark.parametrize("status", [408, 429, 500])
def test_a_busy_server_has_not_refused_a_key(serve, status):
    models = by_key((200, MODELS), (status, {}))
    url, _ = serve({"/v1/models": models, "/v1/chat/completions": (400, {})})
    assert not probe(url, "qa-key").enforces_keys


@pytest.mark.parametrize("status", [400, 403])
def test_a_key_that_is_refused_by_another_status_is_an_error_about_the_key(serve, status):
    url, _ = serve({"/v1/models": (status, {"error": {"message": "no valid key: qa-key"}})})
    with pytest.raises(ProbeError, match=rf"refuses the given key \({status}\)\. Give a valid key") as caught:
        probe(url, "qa-key")
    assert "qa-key" not in str(caught.value)


def test_an_unknown_model_is_refused_with_the_known_ones(serve):
    url, _ = serve({"/v1/models": (200, {"data": [{"id": "llama-3-8b"}, {"id": "b"}]})})
    with pytest.raises(
        ProbeError, match=r"has no model 'llama-3-8c' \(did you mean llama-3-8b\?\)\. .*: llama-3-8b, b"
    ):
        probe(url, None, model="llama-3-8c")
    assert probe(url, None, model="b").models == ("llama-3-8b", "b")


def test_a_model_that_the_server_knows_and_does_not_list_is_taken(serve):
    url, seen = serve({"/v1/models": (200, MODELS), "/v1/models/org%2Falias": (200, {"id": "a"})})
    assert probe(url, "qa-key", model="org/alias").models == ("a", "b")
    assert ("GET", "/v1/models/org%2Falias", "Bearer qa-key") in seen


def test_a_server_that_lists_none_is_believed(serve):
    url, _ = serve({"/v1/models": (200, {"data": []})})
    assert probe(url, None, model="mine").models == ()


ENDLESS = {
    "interim answers": itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "body": itertools.chain([b"HTTP/1.1 200 OK\r\n\r\n"], itertools.repeat(b"a" * 60_000)),
    "drops": (each for each in itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n") if not time.sleep(0.05)),
}


@pytest.mark.parametrize("pieces", ENDLESS.values(), ids=ENDLESS)
def test_an_answer_that_never_ends_is_given_up(monkeypatch, pieces):
    monkeypatch.setattr(probe_module, "_LONGEST", 500_000)
    with raw_server(pieces) as (url, _):
        status, reason = fetch(url, timeout_s=0.3)
    assert status is None
    assert re.match(rb"no whole answer within|the answer is longer than 500000 bytes", reason)


KEY = "sk-said-back-by-a-server-0123456789"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 500 Oh\r\n\r\n" + b"no key like " + KEY.encode(),
        b"HTTP/1.1 500 Oh\r\n\r\n" + b"x" * 180 + KEY.encode(),
        KEY.encode() + b" is no status line\r\n\r\n",
    ],
    ids=["in the body", "where the body is cut", "in place of HTTP"],
)
def test_a_key_that_the_server_says_back_is_not_shown(answer):
    with raw_server([answer]) as (url, heads), pytest.raises(ProbeError) as error:
        probe(url, KEY)
    assert KEY.encode() in heads[0]
    assert KEY[:12] not in str(error.value)
