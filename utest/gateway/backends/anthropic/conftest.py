"""Fixtures of the tests about Anthropic as a backend."""

import pytest


@pytest.fixture
def claude(start_gateway, backend, monkeypatch):
    monkeypatch.setenv("MY_ANTHROPIC_KEY", "sk-ant-secret")
    with start_gateway(
        backends={
            "a": {"kind": "anthropic", "base_url": backend.url, "api_key_env": "MY_ANTHROPIC_KEY", "max_tokens": 77}
        },
        models={"m": {"route": [{"backend": "a", "model": "claude-x"}]}},
    ) as client:
        yield client
