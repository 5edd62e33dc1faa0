"""Fixtures of the tests about limits."""

import pytest

from keywords.engine.processes.redis import RedisServer, command


@pytest.fixture(scope="module")
def redis():
    if command() is None:
        pytest.skip("No `redis-server` on the path: install it (Debian: apt install redis-server).")
    server = RedisServer()
    server.start()
    yield server
    server.stop()
