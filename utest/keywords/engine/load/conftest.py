"""A scripted backend for the load client."""

import pytest

from keywords.engine.scripted.backend import ScriptedBackend


@pytest.fixture(scope="session")
def shared_backend():
    backend = ScriptedBackend()
    backend.start()
    yield backend
    backend.stop()


@pytest.fixture
def backend(shared_backend):
    shared_backend.forget_requests()
    return shared_backend
