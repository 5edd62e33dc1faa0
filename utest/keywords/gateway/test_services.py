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
    with pytest.raises(redis.RedisServerError, match="No Redis runs"):
        library.stop_redis()


def test_a_redis_that_was_never_started_cannot_be_stopped():
    with pytest.raises(redis.RedisServerError, match="No Redis runs"):
        ServicesLibrary().stop_redis()
