import pytest

from keywords.engine.http.probe import fetch
from keywords.engine.processes import gateway as process
from keywords.qa.server import Server, ServerError, asked_server


def test_an_address_is_taken_as_it_is_with_the_key_of_the_environment(monkeypatch):
    monkeypatch.setenv("GATEWAY_API_KEY", "key-of-a-server-elsewhere")
    with asked_server("http://127.0.0.1:9/v1/") as server:
        assert server == Server("http://127.0.0.1:9", "key-of-a-server-elsewhere", started=False)
        assert "key-of-a-server" not in repr(server)


def test_without_an_address_the_embedded_gateway_runs_until_the_end(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GATEWAY_API_KEY", raising=False)
    with asked_server(None) as server:
        status, body = fetch(f"{server.url}/v1/models", api_key=server.api_key)
        assert status == 200
        assert b"smollm2" in body
    assert fetch(f"{server.url}/health")[0] is None
    assert "starting the embedded gateway" in capsys.readouterr().err
    assert (tmp_path / "results").is_dir()


def test_a_gateway_that_does_not_start_is_one_error(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    def refuse(**_):
        raise process.GatewayProcessError("The gateway ended by itself with exit status 2.")

    monkeypatch.setattr(process, "start_gateway", refuse)
    with pytest.raises(ServerError, match="exit status 2"), asked_server(None):
        pass
