"""The short form of `python -m ops.bench.failures`, for every run of the unit tests."""

from ops.bench.failures import ALLOWED_MB, measure


def test_failed_requests_with_large_bodies_leave_no_memory_behind():
    early_mb, late_mb = measure(80, 1_000_000, first=20)
    # A body that is kept takes twice its size: its bytes and its fields.
    assert late_mb - early_mb < ALLOWED_MB
