"""A store in a folder of its own."""

import pytest

from keywords.engine.store.database import Store
from utest.keywords.engine.store.rooms import ROOM


@pytest.fixture
def path(tmp_path):
    return tmp_path / "results" / "measurements.db"


@pytest.fixture
def store(path):
    with Store(path, ROOM) as store:
        yield store
