import httpx2
import pytest
from robot.api.types import Secret

from keywords.engine.redaction.secrets import Secrets
from keywords.run import target


@pytest.fixture
def variables(monkeypatch):
    values = {"GATEWAY_URL": "http://h:1/v1", "GATEWAY_API_KEY": Secret("sk-canary"), "MODEL": "m"}
    monkeypatch.setattr(target, "_variable", values.get)
    monkeypatch.setattr(target, "_clients", {})
    return values


def test_the_client_stays_while_the_variables_stay(variables):
    first = target.client()
    assert first is target.client()
    assert (first.base_url, first.model) == ("http://h:1", "m")
    variables["MODEL"] = "other"
    assert target.client() is not first
    variables["MODEL"] = "m"
    assert target.client() is first


def test_the_key_is_protected_in_the_evidence(variables, monkeypatch):
    secrets = Secrets()
    monkeypatch.setattr(target, "SECRETS", secrets)
    target.client()
    assert secrets.redact(b"a sk-canary b") == b"a <secret> b"
    assert variables["GATEWAY_API_KEY"].value == target.api_key()


@pytest.mark.parametrize("empty", [None, "", Secret("")])
def test_no_key_is_none(variables, empty):
    variables["GATEWAY_API_KEY"] = empty
    assert target.api_key() is None


def test_an_open_key_is_refused_and_not_shown(variables):
    variables["GATEWAY_API_KEY"] = "sk-canary"
    with pytest.raises(TypeError, match="must be a Secret") as refused:
        target.client()
    assert "sk-canary" not in str(refused.value)


def test_without_an_address_the_message_names_the_remedy(variables):
    variables["GATEWAY_URL"] = ""
    with pytest.raises(ValueError, match="give -v GATEWAY_URL"):
        target.client()


def test_without_a_model_the_first_listed_is_taken(variables, monkeypatch):
    models = [{"id": name, "object": "model", "created": 1, "owned_by": "us"} for name in ("first", "second")]
    served = httpx2.MockTransport(lambda _: httpx2.Response(200, json={"object": "list", "data": models}))
    monkeypatch.setattr(httpx2, "HTTPTransport", lambda **_: served)
    variables["MODEL"] = ""
    assert target.client().model == "first"
    models.clear()
    target._clients.clear()
    with pytest.raises(ValueError, match="lists no model; name one with -v MODEL:id"):
        target.client()


def test_the_user_can_give_more_patience(variables):
    first = target.client()
    assert target.patience().factor == 1
    variables["PATIENCE"] = "2.5"
    assert target.patience().factor == 2.5
    assert target.client() is not first


@pytest.mark.parametrize("value", ["much", 0, -1, "nan", "inf", ""])
def test_a_patience_that_is_no_number_is_named(variables, value):
    variables["PATIENCE"] = value
    with pytest.raises(ValueError, match=r"\$\{PATIENCE\} must be a number above 0, such as 3"):
        target.patience()
