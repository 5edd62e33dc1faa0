from datetime import timedelta
from types import SimpleNamespace

import pytest
from assertionengine import AssertionOperator

from keywords.measure.latency import LatencyLibrary


def test_the_time_beyond_a_deadline_is_told_with_both():
    answer, less = SimpleNamespace(total_s=1.25), AssertionOperator["<"]
    assert LatencyLibrary().get_time_beyond_deadline(answer, timedelta(seconds=1), less, 0.5) == 0.25
    assert LatencyLibrary().get_time_beyond_deadline(answer, timedelta(seconds=2)) == -0.75
    with pytest.raises(
        AssertionError, match=r"deadline of 1 s \(s\) should be less than .*, got 0\.25; the answer took 1\.250 s"
    ):
        LatencyLibrary().get_time_beyond_deadline(answer, timedelta(seconds=1), less, 0.2)
