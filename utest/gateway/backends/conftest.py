import queue

import pytest


@pytest.fixture
def record(monkeypatch):
    """`record()` is the record of the next request that ends."""
    records = queue.Queue()
    monkeypatch.setattr("gateway.observability.request_log.RequestLog.add", lambda _, record: records.put(record))
    return lambda: records.get(timeout=5)
