import httpx2
import pytest

from keywords.client.sdk import connection
from keywords.engine.evidence.collector import Collector


@pytest.fixture
def collector(gateway, monkeypatch):
    """The evidence of one test; the packages' requests reach the gateway's stand-in instead of the network."""
    fresh = Collector()
    monkeypatch.setattr(connection, "COLLECTOR", fresh)
    monkeypatch.setattr(httpx2, "HTTPTransport", lambda **_: httpx2.MockTransport(gateway._handle))
    return fresh
