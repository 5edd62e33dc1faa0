import pytest

from keywords.engine.processes.redis import RedisServer


class Clock:
    """A clock that the test advances."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def redis():
    server = RedisServer()
    server.start()
    yield server
    server.stop()
