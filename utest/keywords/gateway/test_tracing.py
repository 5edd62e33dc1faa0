"""Spans are held against each other."""

from types import SimpleNamespace

import pytest

from keywords.gateway.tracing import TracingLibrary


def span(start_us, end_us):
    return SimpleNamespace(start_ns=1000 * start_us, end_ns=1000 * end_us)


@pytest.mark.parametrize("times", [(100, 200), (101, 102)])
def test_an_attempt_lies_within_its_request(times):
    TracingLibrary().attempt_should_lie_within_its_request(span(100, 200), span(*times))


@pytest.mark.parametrize("times", [(99, 150), (150, 201), (150, 150)])
def test_an_attempt_elsewhere_is_told_with_its_times(times):
    began, ended = (time - 100 for time in times)
    message = f"between 0 us and 100 us, .* but it begins at {began} us and ends at {ended} us"
    with pytest.raises(AssertionError, match=message):
        TracingLibrary().attempt_should_lie_within_its_request(span(100, 200), span(*times))
