"""Prompt templates: chosen by name, filled with data, invisible to the backend."""

import json
import queue

import pytest
from typer.testing import CliRunner

from gateway.backends.kinds import load
from gateway.cli.main import app
from gateway.config.problems import ConfigError

SYSTEM = "You translate into {{ language }}{% if tone is defined %}, {{ tone }}{% endif %}."
TRANSLATE = {
    "system": SYSTEM,
    "messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "{{ example }}"}],
    "variables": {"example": "Bonjour"},
}
HI = {"role": "user", "content": "hi"}


@pytest.fixture(scope="module")
def prompting(start_gateway, _backend):
    """A gateway with templates and a backend of OpenAI's kind."""
    templates = {"translate": TRANSLATE, "list": {"messages": [{"role": "user", "content": "{{ xs|join(', ') }}"}]}}
    with start_gateway(
        backends={"up": {"kind": "openai", "base_url": _backend.url}},
        models={
            "m": {"route": [{"backend": "up"}], "templates": templates},
            "plain": {"route": [{"backend": "up"}]},
        },
    ) as client:
        yield client


def forwarded(backend):
    return json.loads(backend.bodies[-1])


def test_the_messages_of_the_template_come_before_the_clients(prompting, backend):
    response = prompting.chat(gateway={"template": "translate", "variables": {"language": "French"}}, x_new=1)
    assert response.status_code == 200
    assert forwarded(backend) == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "You translate into French."},
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": "Bonjour"},
            HI,
        ],
        "x_new": 1,
    }


def test_a_clients_value_overrides_the_configured_one(prompting, backend):
    variables = {"language": "German", "example": "Hallo", "tone": "kindly"}
    prompting.chat(gateway={"template": "translate", "variables": variables})
    contents = [message["content"] for message in forwarded(backend)["messages"]]
    assert contents == ["You translate into German, kindly.", "Hello", "Hallo", "hi"]


def test_a_stream_may_have_a_template(prompting, backend):
    backend.streams(backend.chunk("a"), backend.chunk(None, "stop"))
    prompting.events(gateway={"template": "list", "variables": {"xs": ["a", 1, True]}})
    assert forwarded(backend)["messages"][0] == {"role": "user", "content": "a, 1, True"}


@pytest.mark.parametrize("evil", ["{{ 7*7 }}", "{% for i in range(10**9) %}", "{{ ''.__class__.__mro__ }}", "{{"])
def test_what_a_client_sends_is_never_a_template(prompting, backend, evil):
    message = {"role": "user", "content": evil}
    gateway = {"template": "list", "variables": {"xs": [evil]}}
    assert prompting.chat(messages=[message], gateway=gateway).status_code == 200
    assert forwarded(backend)["messages"] == [message, message]


@pytest.mark.parametrize("gateway", [None, {}, {"template": None}, {"variables": {}}, {"variables": None}])
@pytest.mark.parametrize("model", ["m", "plain"])
def test_without_a_template_only_the_field_is_removed(prompting, backend, gateway, model):
    assert prompting.chat(model, gateway=gateway).status_code == 200
    assert forwarded(backend) == {"model": model, "messages": [HI]}


# the field; param, code and part of the message of the refusal
REFUSED = {
    "an unknown template": (
        {"template": "translat"},
        ("gateway.template", "unknown_template", "Did you mean 'translate'? Its templates are list, translate."),
    ),
    "a missing variable": (
        {"template": "translate"},
        ("gateway.variables.language", "missing_template_variable", "needs the variable 'language'"),
    ),
    "an unknown variable": (
        {"template": "list", "variables": {"sx": []}},
        ("gateway.variables.sx", "unknown_template_variable", "It knows xs"),
    ),
    "an object": (
        {"template": "list", "variables": {"xs": {"a": 1}}},
        ("gateway.variables.xs", "invalid_type", "expected a string, a number"),
    ),
    "a null": ({"template": "list", "variables": {"xs": [None]}}, ("gateway.variables.xs", "invalid_type", "Send one")),
    "a variable that does not fit": (
        {"template": "list", "variables": {"xs": 7}},
        ("gateway.variables", "invalid_template_variable", "cannot be filled"),
    ),
    "many items": (
        {"template": "list", "variables": {"xs": [0] * 10_001}},
        ("gateway.variables.xs", "template_too_large", "has more than 10000 items"),
    ),
    "variables alone": (
        {"variables": {"xs": []}},
        ("gateway.template", "missing_required_parameter", "variables and no template"),
    ),
    "a misspelt key": (
        {"tmplate": "list"},
        ("gateway.tmplate", "unknown_parameter", "expected a key that /openapi.json knows there"),
    ),
    "a name that is none": ({"template": 7}, ("gateway.template", "invalid_type", "expected a string")),
    "no object": ("translate", ("gateway", "invalid_type", "expected an object")),
    "variables in a list": ({"template": "list", "variables": []}, ("gateway.variables", "invalid_type", "an object")),
}


@pytest.mark.parametrize(("gateway", "expected"), REFUSED.values(), ids=REFUSED)
def test_a_request_that_cannot_be_filled_is_refused_before_any_attempt(start_gateway, backend, gateway, expected):
    with start_gateway(
        backends={"up": {"kind": "openai", "base_url": backend.url}},
        models={
            "m": {
                "route": [{"backend": "up"}],
                "templates": {"translate": TRANSLATE, "list": {"system": "{{ xs|join }}"}},
            }
        },
    ) as client:
        response = client.chat(gateway=gateway)
        error = client.error(response)
    assert (response.status_code, error["param"], error["code"]) == (400, *expected[:2])
    assert expected[2] in error["message"]
    assert backend.bodies == []


def test_a_text_beyond_the_limit_is_refused(start_gateway, backend):
    with start_gateway(
        backends={"up": {"kind": "openai", "base_url": backend.url}},
        models={"m": {"route": [{"backend": "up"}], "templates": {"t": {"system": "{{ x }}{{ x }}"}}}},
    ) as client:
        for length, expected in ((200_000, "makes more than 262144 characters"), (300_000, "or 262144 characters")):
            error = client.error(client.chat(gateway={"template": "t", "variables": {"x": "a" * length}}))
            assert (error["code"], expected in error["message"]) == ("template_too_large", True)


def test_a_model_without_templates_says_so(prompting):
    error = prompting.error(prompting.chat("plain", gateway={"template": "translate"}))
    assert error["message"] == "The model 'plain' has no template 'translate'. It has none; leave it out."


@pytest.mark.parametrize("role", ["system", "developer"])
def test_two_system_messages_are_refused(prompting, role):
    messages = [{"role": role, "content": "Obey me."}, HI]
    gateway = {"template": "translate", "variables": {"language": "French"}}
    error = prompting.error(prompting.chat(messages=messages, gateway=gateway))
    assert (error["param"], error["code"]) == ("messages[0].role", "second_system_message")


def test_a_system_message_of_the_clients_stays_the_first(prompting, backend):
    messages = [{"role": "system", "content": "Be brief."}, HI]
    prompting.chat(messages=messages, gateway={"template": "list", "variables": {"xs": ["a"]}})
    assert forwarded(backend)["messages"] == [messages[0], {"role": "user", "content": "a"}, HI]


def test_the_log_names_the_template_that_was_filled_in(prompting, monkeypatch):
    records = queue.Queue()
    monkeypatch.setattr(
        "gateway.observability.request_log.RequestLog.add", lambda _, record: records.put((record.id, record.template))
    )
    requests = [{"gateway": {"template": name, "variables": {"xs": ["a"]}}} for name in ("list", "no-such-template")]
    ids = [prompting.chat(**fields).headers["x-request-id"] for fields in (*requests, {})]
    names = {}
    # An earlier test's request may be recorded after its answer.
    while not names.keys() >= set(ids):
        names |= [records.get(timeout=5)]
    assert [names[each] for each in ids] == ["list", None, None]


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("completions", {"prompt": "a"}),
        ("embeddings", {"input": "a"}),
        ("messages", {"messages": [HI], "max_tokens": 5}),
    ],
)
def test_other_endpoints_have_no_templates(prompting, backend, path, fields):
    body = {"model": "m", **fields, "gateway": {"template": "translate"}}
    response = prompting.http.post(f"/v1/{path}", json=body)
    assert response.status_code == 400
    assert "gateway" in response.json()["error"]["message"]
    assert backend.bodies == []


GOOD = """
[backends.up]
kind = "openai"
base_url = "http://127.0.0.1:1/v1"
[models.m]
route = [{ backend = "up" }]
[models.m.templates.translate]
system = "Into {{ language }}."
variables = { language = "French" }
messages = [{ role = "user", content = "Hello" }]
"""
AT = "models.m.templates.translate"
BAD = {
    "no template": ("}}.", "}.", f"{AT}: its system is no template (line 1: unexpected '}}'); fix it there"),
    "a bad example": ('"Hello"', '"{{"', f"{AT}: its messages[0].content is no template (line 1:"),
    "a variable in no text": (
        "{{ language",
        "{{ langauge",
        f"{AT}: its variable 'language' stands in no text; did you",
    ),
    "a huge loop": (
        '"Into',
        '"{% for i in range(99999999) %}{% endfor %}',
        f"{AT}: its system makes more than 10000 rounds of its loops; let it make less",
    ),
    "what never works": ('"Into', '"{{ 1 / 0 }}', f"{AT}: its system cannot be filled (division by zero); fix it"),
    "a typo": ("system", "sytem", f"{AT}.sytem: is no setting; did you mean 'system'?"),
    "a typo in a message": ("role =", "rule =", f"{AT}.messages[0].rule: is no setting; did you mean 'role'?"),
    "a system message among the examples": ('"user"', '"system"', f"{AT}.messages[0].role: input should be 'user' or"),
    "a table as a value": ('"French"', "{ a = 1 }", f"{AT}.variables: has for 'language' no text, number, switch"),
}


@pytest.mark.parametrize(("old", "new", "message"), BAD.values(), ids=BAD)
def test_a_bad_template_stops_the_start(tmp_path, old, new, message):
    assert old in GOOD
    path = tmp_path / "gateway.toml"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(ConfigError) as refused:
        load(path)
    assert message in str(refused.value)
    result = CliRunner().invoke(app, ["config", "check", str(path)])
    assert result.exit_code == 1
    assert message in result.output


def test_an_empty_template_is_refused(tmp_path):
    path = tmp_path / "gateway.toml"
    path.write_text(GOOD.partition("system")[0])
    with pytest.raises(ConfigError, match="it says nothing; give it 'system' or 'messages'"):
        load(path)


def test_config_check_names_the_templates(tmp_path):
    path = tmp_path / "gateway.toml"
    path.write_text(GOOD)
    assert "templates: translate" in CliRunner().invoke(app, ["config", "check", str(path)]).output
