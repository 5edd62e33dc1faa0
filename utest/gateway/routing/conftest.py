import pytest

from keywords.engine.processes.redis import RedisServer


@pytest.fixture
def redis():
    server = RedisServer()
    server.start()
    yield server
    server.stop()
