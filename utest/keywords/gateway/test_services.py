"""Services beside a gateway start and stop."""

import pytest

from keywords.engine.processes import redis
from keywords.gateway.services import ServicesLibrary


def test_a_redis_comes_and_goes():
    if redis.command() is None:
        pytest.skip("No `redis-server` on the path: install it (Debian: apt install redis-server).")
    library = ServicesLibrary()
    assert library.start_redis().startswith("redis://127.0.0.1:")
    library.stop_redis()
    library.stop_redis()
