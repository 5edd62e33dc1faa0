"""The written routes are good configurations."""

import tomllib
from datetime import timedelta
from types import SimpleNamespace

import pytest

from keywords.engine.processes.gateway_command import run_command
from keywords.gateway import routes
from keywords.gateway.routes import RoutesLibrary


@pytest.fixture
def library(monkeypatch, tmp_path):
    monkeypatch.setattr("keywords.run.output_folder.work_folder", lambda: tmp_path)
    return RoutesLibrary()


BACKENDS = [SimpleNamespace(url=f"http://127.0.0.1:{port}") for port in (1, 2)]


def test_a_written_route_is_good(library, tmp_path):
    path = library.write_route_config(
        *BACKENDS,
        weights=[3, 1],
        timeouts={"total_s": 5},
        retries={"attempts": 2},
        breaker={"consecutive_failures": 3, "open_s": 0.5},
    )
    written = tomllib.loads(path.read_text())
    assert written["models"]["scripted"]["route"] == [
        {"backend": "first", "weight": 3},
        {"backend": "second", "weight": 1},
    ]
    assert written["backends"]["second"]["base_url"] == "http://127.0.0.1:2/v1"
    assert (written["retries"], written["timeouts"]) == ({"attempts": 2}, {"total_s": 5})
    checked = run_command("config", "check", str(path), cwd=tmp_path)
    assert checked.rc == 0, checked.stderr


def test_without_weights_there_are_none(library):
    written = tomllib.loads(library.write_route_config(*BACKENDS).read_text())
    assert written["models"]["scripted"]["route"] == [{"backend": "first"}, {"backend": "second"}]


@pytest.mark.parametrize(("backends", "weights"), [([], None), (BACKENDS * 2, None), (BACKENDS, [1])])
def test_what_fits_no_route_is_refused(library, backends, weights):
    with pytest.raises(ValueError, match=r"backends|zip"):
        library.write_route_config(*backends, weights=weights)


def test_a_backend_that_does_not_answer_is_told_with_those_that_did(library, monkeypatch):
    answered = SimpleNamespace(response_headers={"x-gateway-backend": "second"}, status=200)
    client = SimpleNamespace(request=lambda _: {}, send=lambda *_, **__: answered)
    monkeypatch.setattr(routes.target, "client", lambda: client)
    library.backend_should_answer("second")
    with pytest.raises(AssertionError, match=r"'first' did not answer within 0.05 s, but: second"):
        library.backend_should_answer("first", within=timedelta(seconds=0.05))
