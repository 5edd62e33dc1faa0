"""What would make a load run pointless is said in one sentence, before any load is sent."""

import http.server
import json
import threading

import pytest

from keywords.engine.load.errors import CalibrationError, PreflightError
from keywords.engine.load.items import Item, Turn
from keywords.engine.load.plan import Target
from keywords.engine.load.preflight import check_requests, check_server
from keywords.engine.load.workload.measure_lengths import usage_counter
from keywords.engine.openai.client import ChatClient
from keywords.engine.processes.ports import free_port
from keywords.engine.scripted.backend import Fault, Script, ScriptedBackend, words
from utest.keywords.engine.load.servers import SSE_HEAD, raw_server


@pytest.fixture
def backend():
    backend = ScriptedBackend(models=("llama-3-8b", "llama-3-70b", "gemma"))
    backend.start()
    yield backend
    backend.stop()


@pytest.fixture
def client(backend):
    client = ChatClient(backend.url, api_key=None, model="gemma")
    yield client
    client.close()


@pytest.fixture
def website():
    class Website(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(401 if self.headers.get("authorization") == "Bearer wrong" else 200)
            self.end_headers()
            self.wfile.write(b"<html>Welcome.</html>")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Website)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


class Source:
    """Items of two kinds."""

    def __init__(self, **fields):
        self.fields = fields
        self.numbers = []

    def item(self, number):
        self.numbers.append(number)
        message = {"role": "user", "content": f"Hello {number}."}
        return Item(number, "rare" if number % 100 == 0 else "common", (Turn((message,), self.fields),))


def refusal(url, **options):
    with pytest.raises(PreflightError) as error:
        check_server(url, **options)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_server_that_can_be_loaded(backend):
    preflight = check_server(f"{backend.url}/v1", model="gemma", api_key="k")
    assert preflight.target == Target(backend.url, "gemma", "k")
    assert preflight.facts.models == ("llama-3-8b", "llama-3-70b", "gemma")
    assert check_server(backend.url).target.model == "llama-3-8b"


def test_nothing_answers():
    url = f"http://127.0.0.1:{free_port()}"
    assert refusal(url).startswith(f"No server answers at {url} within")


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8000", "localhost:8000", "ftp://a", "http://", "http://a:99999", "http://[::1", ""]
)
def test_an_address_that_is_none(url):
    assert refusal(url) == (f"The address '{url}' is none; write it with its scheme, such as http://127.0.0.1:8000.")


def test_a_password_in_an_address_is_not_shown():
    assert "secret" not in refusal("ftp://me:secret@host")


def test_a_server_that_is_no_llm(website):
    message = refusal(website)
    assert message.startswith(f"The server at {website} is not OpenAI-compatible: GET /v1/models gave 200")
    assert message.endswith("Correct the URL.")


def test_a_wrong_key(website):
    assert refusal(website, api_key="wrong") == (
        f"The server at {website} refuses the given key (401). Give a valid key in GATEWAY_API_KEY."
    )


def test_a_model_that_is_not_there(backend):
    message = refusal(backend.url, model="llama-3-7b")
    assert "has no model 'llama-3-7b' (did you mean llama-3-70b or llama-3-8b?)." in message
    assert message.endswith("Name one of these with --model, or none: llama-3-8b, llama-3-70b, gemma.")


def test_each_kind_of_request_is_tried_with_one_token(backend, client):
    source = Source(stream=True, max_tokens=500, temperature=0.5)
    check_requests(client, source)
    bodies = [request.json() for request in backend.chat_requests()]
    assert [body["messages"][0]["content"] for body in bodies] == ["-1000. Hello", "-999. Hello"]
    assert all((body["max_tokens"], body["temperature"], body["stream"]) == (1, 0.5, True) for body in bodies)
    assert max(source.numbers) < 0


@pytest.mark.parametrize(
    ("content", "sent"),
    [
        ("Say hello.", "hello. Say"),
        ("Hello.", "Check: Hello."),
        ("no no", "Check: no no"),
        ([{"type": "text", "text": "Look here."}, {"type": "image_url"}], [{"type": "text", "text": "here. Look"}]),
    ],
)
def test_no_prompt_of_the_load_run_is_sent_before_it(backend, client, content, sent):
    class Fixed:
        def item(self, number):
            return Item(number, "k", (Turn(({"role": "user", "content": content},)),))

    check_requests(client, Fixed())
    (message,) = backend.chat_requests()[-1].json()["messages"]
    assert message["content"] == sent or message["content"][:1] == sent


def test_a_proxy_is_used_neither_before_the_load_nor_by_it(backend, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    url = backend.url.replace("127.0.0.1", "127.1")  # the same address by a name that no rule for this machine has
    assert check_server(url).target.url == url
    assert refusal("http://nowhere.invalid").endswith("The environment's proxy is not used: it would be measured too.")


def test_a_plain_request_and_the_other_limit(backend, client):
    check_requests(client, Source(stream=False, max_completion_tokens=9))
    body = backend.chat_requests()[-1].json()
    assert (body["max_completion_tokens"], body.get("max_tokens"), body.get("stream")) == (1, None, None)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("script", "parts"),
    [
        (Script(status=401), ["is refused for its key (401). Give a valid key in GATEWAY_API_KEY."]),
        (
            Script(status=400, body=json.dumps({"error": {"message": "temperature is too high."}}).encode()),
            ["gets no answer: POST", "was refused with 400: temperature is too high. Correct the workload"],
        ),
        (Script(status=503), ["gets no answer: POST", "503"]),
        (Script(fault=Fault("cut")), ["gets no answer: POST", "broke off"]),
    ],
)
def test_a_request_that_the_server_does_not_take(backend, client, script, parts, stream):
    backend.play(script)
    with pytest.raises(PreflightError) as error:
        check_requests(client, Source(stream=stream))
    assert str(error.value).startswith(f"The first request of 'rare' to {backend.url} ")
    assert all(part in str(error.value) for part in parts)


def test_a_stream_that_breaks(backend, client):
    backend.play(Script(fault=Fault("cut", after=1)))
    with pytest.raises(PreflightError, match=r"got a broken stream: .*\. Mend the server, or load another one\."):
        check_requests(client, Source(stream=True))


@pytest.mark.parametrize("key", ["a\nb: c", "schl\u00fcssel"])
def test_a_key_that_http_cannot_carry_is_refused_and_not_shown(key):
    with pytest.raises(PreflightError, match="in one line of ASCII") as caught:
        check_server("http://127.0.0.1:9", api_key=key)
    assert key not in str(caught.value)


@pytest.mark.parametrize("host", ["x..y", "a" * 70 + ".com"])
def test_a_host_that_is_none_is_told(host):
    with pytest.raises(PreflightError, match="No server answers at"):
        check_server(f"http://{host}:80")


def test_a_server_that_ignores_max_tokens_is_refused_in_a_sentence(backend, client):
    backend.play(Script(chunks=words(400)))
    with pytest.raises(PreflightError, match=r"goes on after 108 events; the request asks for max_tokens=1\. Mend"):
        check_requests(client, Source())


def test_an_endless_frame_is_left_before_it_fills_the_memory():
    def flood(connection):
        connection.sendall(SSE_HEAD + b"\r\ndata: ")
        for _ in range(400):
            connection.sendall(b"a" * 2**20)

    with raw_server([flood]) as (url, _):
        client = ChatClient(url, api_key=None, model="gemma")
        with pytest.raises(PreflightError, match=r"goes on after 16777216 bytes"):
            check_requests(client, Source())
        client.close()


@pytest.fixture
def trickle():
    """A server whose head comes in drops, none of which is late by itself."""
    over = threading.Event()

    def send(connection):
        while not over.wait(0.02):
            connection.sendall(b"H" if not send.begun else b"T")
            send.begun = True

    send.begun = False
    with raw_server([send]) as (url, _):
        client = ChatClient(url, api_key=None, model="gemma", timeout_s=0.3)
        yield client
        over.set()
        client.close()


def test_a_head_in_drops_ends_at_the_limit(trickle):
    with pytest.raises(PreflightError, match=r"no end of the answer within 0\.3 s"):
        check_requests(trickle, Source())


def test_a_head_in_drops_ends_the_measurement_of_lengths(trickle):
    with pytest.raises(CalibrationError, match=r"no end of the answer within 0\.3 s"):
        usage_counter(trickle)([{"role": "user", "content": "two words"}])
