import pytest

from utest.gateway.api.streams.backend_streams import (
    IDLE_S,
    KINDS,
)
from utest.gateway.http_gateway import NEVER_OPENS


@pytest.fixture(scope="module")
def _client(start_gateway, _backend):
    backends = {
        kind: {"kind": kind, "base_url": f"{_backend.url}/first" if kind != "openai" else f"{_backend.url}/first/v1"}
        for kind in KINDS
    }
    spare = {"kind": "openai", "base_url": f"{_backend.url}/second/v1"}
    with start_gateway(
        breaker=NEVER_OPENS,
        timeouts={"first_byte_s": IDLE_S, "idle_s": IDLE_S, "total_s": 8},
        backends={**backends, "spare": spare},
        models={
            **{kind: {"route": [{"backend": kind}]} for kind in KINDS},
            **{f"{kind}+": {"route": [{"backend": kind}, {"backend": "spare"}]} for kind in KINDS},
        },
    ) as client:
        yield client


@pytest.fixture
def client(_client, backend):  # noqa: ARG001  # resets the backend
    return _client
