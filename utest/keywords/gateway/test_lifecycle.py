"""Events in a gateway's life are awaited, and judged by the machine's state."""

from datetime import timedelta
from unittest.mock import MagicMock, call

import pytest
from robot.api import SkipExecution
from robot.api.types import Secret

from keywords.engine.processes.gateway import GatewayProcessError
from keywords.gateway import lifecycle
from keywords.gateway.lifecycle import LifecycleLibrary
from keywords.run.context import Gateway

LIMIT = timedelta(seconds=5)


@pytest.fixture
def library():
    return LifecycleLibrary()


@pytest.fixture
def gateway(tmp_path):
    return Gateway("http://127.0.0.1:1", 1, "i", tmp_path / "gateway.log", Secret("qa-key"), MagicMock())


def test_not_ready_in_time_is_a_verdict(library, gateway):
    gateway.process.wait_ready.side_effect = GatewayProcessError("not ready within 5 s")
    with pytest.raises(AssertionError, match="not ready within 5 s"):
        library.gateway_should_be_ready_within(LIMIT, gateway)
    assert gateway.process.wait_ready.call_args_list == [call(5.0)]


def test_ready_late_because_this_process_stood_still_is_no_verdict(library, gateway, monkeypatch):
    monkeypatch.setattr(lifecycle.StallWatch, "stalled_s", lambda *_: 2.5)
    gateway.process.wait_ready.side_effect = [GatewayProcessError("not ready within 5 s"), 1.0]
    with pytest.raises(SkipExecution, match="INCONCLUSIVE: Ready after "):
        library.gateway_should_be_ready_within(LIMIT, gateway)
    gateway.process.wait_ready.assert_called_with(2.5)


def test_ready_in_time_passes(library, gateway):
    gateway.process.wait_ready.return_value = 4.9
    assert library.gateway_should_be_ready_within(LIMIT, gateway) == 4.9


def test_ready_within_what_a_busy_machine_explains_is_no_verdict(library, gateway):
    gateway.process.wait_ready.return_value = 5.1
    with pytest.raises(SkipExecution, match=r"INCONCLUSIVE: Ready after 5\.100 s, and not within 0:00:05"):
        library.gateway_should_be_ready_within(LIMIT, gateway)
