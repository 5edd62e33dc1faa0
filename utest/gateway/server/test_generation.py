"""What of a new configuration holds at once, and what from a restart on."""

from gateway.backends.kinds import GatewayConfig
from gateway.server.generation import differences, reloaded


def test_differences_name_settings():
    base = {
        "backends": {"a": {"kind": "openai", "base_url": "http://x"}},
        "models": {"m": {"route": [{"backend": "a"}]}},
    }
    one = GatewayConfig(**base)
    other = GatewayConfig(**{**base, "server": {"port": 1}, "limits": {"messages": 2}})
    assert differences(one, other) == ["server.port", "limits.messages"]
    assert differences(one, reloaded(one, other)) == ["limits.messages"]
