import base64
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from keywords.engine.evidence.files import write_exchanges
from keywords.engine.evidence.reproduction import LOG_TAIL_BYTES, write_curl_script, write_log_tail, write_readme
from keywords.engine.http.exchange import Exchange
from keywords.engine.redaction.secrets import Secrets


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


def test_the_tail_of_a_log_begins_where_the_row_began(tmp_path):
    log = tmp_path / "gateway-1.log"
    log.write_bytes(b"before\n" + b"during\n")
    assert write_log_tail(tmp_path / "tail.log", log, len(b"before\n"), bytes).read_bytes() == b"during\n"


def test_of_a_long_log_only_the_end_is_kept_and_no_part_of_a_key(tmp_path):
    log = tmp_path / "gateway-1.log"
    log.write_bytes(b"x" * 1000 + b"sk-secret" + b"y" * (LOG_TAIL_BYTES - 4))
    tail = write_log_tail(tmp_path / "tail.log", log, 0, secrets("sk-secret").redact).read_bytes()
    assert len(tail) == LOG_TAIL_BYTES
    assert tail.endswith(b"ret>" + b"y" * (LOG_TAIL_BYTES - 4))


class _Echo(BaseHTTPRequestHandler):
    seen = ()
    methods = ()

    def answer(self):
        body = self.rfile.read(int(self.headers["content-length"] or 0))
        self.seen.append((self.path, dict(self.headers), body))
        self.methods.append(self.command)
        self.send_response(200)
        self.send_header("content-length", "4")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(b"echo")

    def log_message(self, *args):
        pass


for _method in ("GET", "HEAD", "POST", "DELETE", "PURGE"):
    setattr(_Echo, f"do_{_method}", _Echo.answer)


@pytest.fixture
def server():
    _Echo.seen, _Echo.methods = [], []
    with ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
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


@pytest.mark.parametrize(("own", "others"), [("", "/"), ("", "/v1"), ("/api", "/api/v1/"), ("/api", "/other")])
def test_the_script_takes_an_address_as_a_run_does(tmp_path, server, own, others):
    exchanges = [exchange(url=f"http://127.0.0.1:9{own}{path}") for path in ("/health", "/v1/models")]
    run_script(tmp_path, exchanges, GATEWAY_URL=server + others)
    base = others.removesuffix("/").removesuffix("/v1")
    assert [path for path, _, _ in _Echo.seen] == [f"{base}/health", f"{base}/v1/models"]


def test_the_script_sends_a_body_in_chunks_again(tmp_path, server):
    headers = {"transfer-encoding": "chunked"}
    run_script(tmp_path, [exchange(url=f"{server}/v1/x", request_headers=headers, request_body=b"body")])
    sent = _Echo.seen[0][1]
    assert (sent["transfer-encoding"], sent.get("Content-Length")) == ("chunked", None)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE", "PURGE"])
@pytest.mark.parametrize("body", [b"", b'{"half": "\xff\x00\r\n"}'])
def test_the_script_repeats_each_method(tmp_path, server, method, body):
    process = run_script(tmp_path, [exchange(url=f"{server}/hello", method=method, request_body=body)])
    assert process.returncode == 0, process.stderr
    assert "HTTP/1.0 200" in process.stdout
    assert _Echo.methods == [method]
    assert _Echo.seen[0][2] == (b"" if method == "HEAD" else body)


def test_the_script_says_that_an_empty_body_was_sent(tmp_path, server):
    run_script(tmp_path, [exchange(url=f"{server}/hello", request_headers={"content-length": "0"})])
    assert _Echo.seen[0][1]["Content-Length"] == "0"


def test_the_script_fills_in_only_what_the_recorder_masked(tmp_path, server):
    headers = {
        "x-note": "this is <secret> text",
        "x-other": "<secret>",
        "x-api-key": "<secret>",
        "cookie": "<secret>",
        "x-quotes": "a'b\"c`id`$(id)\\",
    }
    run_script(
        tmp_path, [exchange(url=f"{server}/", request_headers=headers)], GATEWAY_API_KEY="k", GATEWAY_COOKIE="a=b"
    )
    sent = _Echo.seen[0][1]
    assert {name: sent[name] for name in headers} == {**headers, "x-api-key": "k", "cookie": "a=b"}


def test_the_script_sends_user_and_password_again(tmp_path, server):
    headers = {"authorization": "Basic <secret>"}
    run_script(tmp_path, [exchange(url=f"{server}/", request_headers=headers)], GATEWAY_USER="u:p w")
    assert _Echo.seen[0][1]["Authorization"] == f"Basic {base64.b64encode(b'u:p w').decode()}"


ATTACKS = [
    "`touch pwned`",
    "$(touch pwned)",
    "'; touch pwned; '",
    '"; touch pwned; "',
    "x\ntouch pwned\n",
    "-o pwned",
    "@pwned",
]


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("place", ["name", "value", "path", "origin", "method", "failure", "masked name"])
def test_no_text_of_an_exchange_is_a_command(tmp_path, server, attack, place):
    fields = {"url": f"{server}/", "status": None, "failure": "cut"}
    fields |= {
        "name": {"request_headers": {attack: "v"}},
        "masked name": {"request_headers": {attack: "<secret>"}},
        "value": {"request_headers": {"x-a": attack, "authorization": attack}},
        "path": {"url": f"{server}/{attack}"},
        "origin": {"url": f"http://{attack}/v1"},
        "method": {"method": attack},
        "failure": {"failure": attack},
    }[place]
    run_script(tmp_path, [exchange(**fields)], GATEWAY_URL=server)
    run_script(tmp_path, [exchange(**fields)])
    assert not list(tmp_path.rglob("*pwned*"))


def test_a_secret_in_the_script_is_no_redirection(tmp_path, server):
    one = exchange(url=f"{server}/v1/sk-secret-1", request_headers={"x-a": "sk-secret-1"}, method="GET")
    known = secrets("sk-secret-1")
    script = write_curl_script(tmp_path, write_exchanges(tmp_path, [(1, one)], known), known.redact)
    subprocess.run(["sh", str(script)], capture_output=True, timeout=20, check=True)
    assert (_Echo.seen[0][0], _Echo.seen[0][1]["x-a"]) == ("/v1/<secret>", "<secret>")
    assert {path.name for path in tmp_path.iterdir()} == {"01-exchange.json", "curl.sh"}


def test_the_script_takes_no_proxy_and_no_configuration_of_the_user(tmp_path, server):
    (tmp_path / ".curlrc").write_text('header = "x-from-the-user: yes"\n')
    process = run_script(
        tmp_path,
        [exchange(url=f"{server}/")],
        http_proxy="http://127.0.0.1:9",
        HOME=str(tmp_path),
        CURL_HOME=str(tmp_path),
    )
    assert process.returncode == 0
    assert "x-from-the-user" not in _Echo.seen[0][1]


def test_a_message_stays_within_its_fence(tmp_path):
    message = "the answer said\n```\n# not a heading\n````"
    readme = write_readme(tmp_path, row="A row", message=message, command="robot", redact=bytes)
    assert f"`````\n{message}\n`````\n" in readme.read_text()


def test_a_row_that_sent_nothing_needs_no_script(tmp_path):
    assert write_curl_script(tmp_path, [], bytes) is None
