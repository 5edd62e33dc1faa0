"""What Locust's workers report comes back as it was, on the clock of the master."""

import json
from array import array

import pytest

from keywords.engine.load.locust.packing import (
    clock_difference,
    pack_facts,
    pack_sample,
    unpack_facts,
    unpack_sample,
)
from keywords.engine.load.run import ClientHealth, RunFacts
from keywords.engine.load.sample import Sample

SAMPLE = Sample(
    3,
    kind="chat",
    t_intended=10.0,
    t_queued=10.0,
    t_sent=10.1,
    t_first_content=10.2,
    t_done=10.4,
    chunk_times=array("d", [10.2, 10.3]),
    streamed=True,
    output_tokens=2,
    tokens_source="usage",
)


def test_a_sample_comes_back_from_json():
    assert unpack_sample(json.loads(json.dumps(pack_sample(SAMPLE)))) == SAMPLE


def test_a_sample_of_another_machine_moves_to_this_machines_clock():
    moved = unpack_sample(pack_sample(SAMPLE), behind_s=4.0)
    assert (moved.t_sent, moved.t_first_content, moved.t_first_byte) == (pytest.approx(6.1), pytest.approx(6.2), None)
    assert list(moved.chunk_times) == pytest.approx([6.2, 6.3])


def test_clocks_of_one_machine_differ_by_nothing():
    assert clock_difference(1000.0, 1000.003) == 0.0


def test_clocks_of_two_machines_differ_by_their_uptimes():
    assert clock_difference(1000.0, 1600.0) == 600.0


def test_facts_come_back_from_json():
    health = ClientHealth(0, 0.5, {0: [0.001], -2: []}, 1.5, 1000, {0: [0.002]}, 0)
    facts = RunFacts(1e9, 10.0, 20.0, ((10.0, 20.0),), (None,), interrupted=False, clients=(health,), begun=(4,))
    assert unpack_facts(json.loads(json.dumps(pack_facts(7, facts)))) == (7, facts)
