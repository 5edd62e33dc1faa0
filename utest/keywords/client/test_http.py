import httpx2
import pytest
from assertionengine import AssertionOperator

from keywords.client import http as module
from keywords.client.http import HttpLibrary
from keywords.engine.redaction.secrets import Secrets

EQUAL = AssertionOperator["=="]


@pytest.fixture
def payloads(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PAYLOADS", tmp_path)
    return tmp_path


@pytest.fixture
def refusal(gateway, make):
    gateway.answers(400, json=make.error, headers={"X-Request-Id": "r1"})
    return HttpLibrary().send_chat()


def test_a_payload_is_sent_byte_for_byte_but_for_the_model(gateway, payloads):
    (payloads / "odd.json").write_bytes(b'{"model": "__MODEL__",\r\n "x": \xff}')
    HttpLibrary().send_payload("odd.json", headers={"X-Request-Id": "r1"})
    sent = gateway.asked[0]
    assert sent.content == b'{"model": "model-a",\r\n "x": \xff}'
    assert (sent.method, sent.url.path) == ("POST", "/v1/chat/completions")
    assert (sent.headers["content-type"], sent.headers["x-request-id"]) == ("application/json", "r1")
    assert sent.headers["authorization"] == "Bearer sk-canary"


def test_a_payload_without_content_type_and_key(gateway, payloads):
    (payloads / "empty.json").write_bytes(b"")
    HttpLibrary().send_payload("empty.json", content_type=None, api_key="")
    HttpLibrary().send_payload("empty.json", api_key="wrong")
    assert "content-type" not in gateway.asked[0].headers
    assert "authorization" not in gateway.asked[0].headers
    assert gateway.asked[1].headers["authorization"] == "Bearer wrong"


@pytest.mark.usefixtures("payloads")
def test_a_payload_that_does_not_exist_breaks_the_row(gateway):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.json"):
        HttpLibrary().send_payload("nowhere.json")
    assert gateway.asked == []


def test_chat_fields_are_json_where_they_can_be(gateway):
    HttpLibrary().send_chat(n="129", temperature='"hot"', stop="END", messages="[]", seed=1.5, user="null")
    assert gateway.bodies == [
        {"model": "model-a", "messages": [], "n": 129, "temperature": "hot", "stop": "END", "seed": 1.5, "user": None}
    ]


def test_raw_headers_keep_their_order_and_number(gateway):
    HttpLibrary().send_raw("PUT", "/x", "é", "X-A: 1", "X-A: 2", "Content-Type:text/plain", api_key="")
    sent = gateway.asked[0]
    assert (sent.method, sent.url.path, sent.content) == ("PUT", "/x", "é".encode())
    assert sent.headers.get_list("x-a") == ["1", "2"]
    assert sent.headers["content-type"] == "text/plain"
    assert "authorization" not in sent.headers
    with pytest.raises(ValueError, match="must read 'Name: value', not 'X-A 1'"):
        HttpLibrary().send_raw("GET", "/", None, "X-A 1")


def test_a_body_of_bytes_is_json_of_that_size():
    body = HttpLibrary().body_of_bytes(100)
    assert len(body) == 100
    assert httpx2.Response(200, content=body).json()["x"] == "a" * 91


def test_getters_of_a_refusal(refusal):
    look = HttpLibrary()
    assert look.get_status(refusal, EQUAL, 400) == 400
    assert look.get_header(refusal, "X-REQUEST-ID", EQUAL, "r1") == "r1"
    assert look.get_header(refusal, "x-none", EQUAL, None) is None
    assert look.get_error_field(refusal, "code", EQUAL, "backend_gone") == "backend_gone"
    assert look.get_error_field(refusal, "param", EQUAL, None) is None
    assert "backend_gone" in look.get_body(refusal)
    with pytest.raises(AssertionError, match=r"^The status should be 404, got 400; code 'backend_gone', type "):
        look.get_status(refusal, EQUAL, 404)
    with pytest.raises(AssertionError, match=r"error\.param should be 'model', got None"):
        look.get_error_field(refusal, "param", EQUAL, "model")


def test_a_field_that_is_missing_is_not_null(gateway):
    gateway.answers(422, json={"detail": []})
    refusal = HttpLibrary().send_chat()
    with pytest.raises(AssertionError, match=r'The answer has no error.param; 422: \{"detail":\[\]\}'):
        HttpLibrary().get_error_field(refusal, "param", EQUAL, None)


def test_the_status_comes_first_and_a_short_piece_of_the_body_last(gateway):
    gateway.answers(200, json={"text": "x" * 5000})
    with pytest.raises(AssertionError) as caught:
        HttpLibrary().get_status(HttpLibrary().send_chat(), EQUAL, 401)
    assert str(caught.value).startswith("The status should be 401, got 200; POST http://gateway.test/v1/chat/comp")
    assert len(str(caught.value)) < 260


def test_no_answer_has_no_status(gateway):
    def nobody(_):
        raise httpx2.ConnectError("nobody listens")

    gateway.answer = nobody
    with pytest.raises(AssertionError, match=r"No answer came to GET .*: ConnectError: nobody listens"):
        HttpLibrary().get_status(HttpLibrary().send_raw("GET", "/"))


def test_an_openai_error_is_judged(gateway, refusal):
    HttpLibrary().error_should_be_an_openai_error(refusal)
    gateway.answers(400, json={"error": {"message": "", "type": "x", "code": 1}})
    with pytest.raises(AssertionError, match=r"error.param is missing; error.message must be.*error.code must be"):
        HttpLibrary().error_should_be_an_openai_error(HttpLibrary().send_chat())


def test_an_error_that_gives_a_key_away_fails_without_showing_it(gateway, make, monkeypatch):
    secrets = Secrets()
    secrets.protect("sk-canary")
    monkeypatch.setattr(module, "SECRETS", secrets)
    gateway.answers(401, json={"error": {**make.error["error"], "message": "Wrong key sk-canary."}})
    refusal = HttpLibrary().send_chat()
    with pytest.raises(AssertionError, match="gives a key away") as failure:
        HttpLibrary().error_should_be_an_openai_error(refusal)
    assert "sk-canary" not in str(failure.value)
