"""The probe of a server returns its facts, or names the problem and the remedy."""

import http.server
import json
import threading

import pytest

from keywords.engine.http.probe import Facts, ProbeError, probe

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
                status, body = answers.get(self.path, (404, {}))
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
