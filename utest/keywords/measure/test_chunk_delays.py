"""The control tells a gateway that gathers chunks from a machine that is too busy."""

import pytest
from assertionengine import AssertionOperator
from robot.api import SkipExecution

from keywords.engine.load.chunk_delays import ChunkDelays
from keywords.engine.machine import Machine
from keywords.measure import chunk_delays
from keywords.measure.chunk_delays import ChunkDelaysLibrary

IDLE, BUSY = Machine(0, 2, 1), Machine(21, 2, 1)
AT_LEAST = AssertionOperator[">="]


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    def become(state):
        monkeypatch.setattr(chunk_delays, "measure_machine", lambda: state)

    become(IDLE)
    return become


def share(punctual, direct):
    delays = ChunkDelays((0.001,) * 40, punctual, 40, direct)
    return ChunkDelaysLibrary().get_punctual_chunk_share(delays, AT_LEAST, 0.9)


def test_a_punctual_gateway_passes():
    assert share(36, 40) == 0.9


def test_a_gateway_that_gathers_chunks_fails():
    with pytest.raises(AssertionError, match="20 of 40 chunks before the next, 40 without the gateway"):
        share(20, 40)


def test_a_gateway_that_gathers_chunks_fails_on_a_busy_machine_too(machine):
    machine(BUSY)
    with pytest.raises(AssertionError, match="20 of 40 chunks"):
        share(20, 34)


def test_chunks_that_were_late_without_the_gateway_too_are_inconclusive():
    with pytest.raises(SkipExecution, match=r"^INCONCLUSIVE: .*30 of 40 .*34 without .*load .* cores"):
        share(30, 34)


def test_chunks_that_a_busy_machine_delays_in_the_gateway_are_inconclusive(machine):
    with pytest.raises(AssertionError, match="26 of 40 chunks"):
        share(26, 40)
    machine(BUSY)
    with pytest.raises(SkipExecution, match=r"^INCONCLUSIVE: .*26 of 40 .*load 21\.0 on 2 cores"):
        share(26, 40)
