"""Processes that share their breakers and cooldowns through a Redis."""

import asyncio
import importlib.util

import pytest
from pydantic import SecretStr

from gateway.backends.kinds import GatewayConfig
from gateway.backends.openai.backend import OpenAIBackend
from gateway.routing.routes import Routes
from keywords.engine.processes.redis import command

if importlib.util.find_spec("redis") is None or command() is None:
    pytest.skip("needs the package redis and a Redis", allow_module_level=True)

from gateway.routing.shared_states import SharedStates


class Process:
    """The breaker of one process."""

    consecutive_failures = 1
    names = "b"

    def __init__(self, url, port=1, open_s=5.0):
        config = GatewayConfig(
            breaker={"consecutive_failures": self.consecutive_failures, "open_s": open_s},
            backends={name: {"kind": "openai", "base_url": f"http://x:{port}"} for name in self.names},
            models={"m": {"route": [{"backend": name} for name in self.names]}},
        )
        backends = {name: OpenAIBackend(config.backends[name], name=name) for name in self.names}
        self.routes = Routes(config, backends, {}, {})
        self.breaker = self.routes.states["b"].breaker
        self.shared = SharedStates(SecretStr(url))
        self.shared.watch(config, self.routes)

    def fail(self):
        self.breaker.failed(self.breaker.begin())

    async def probe(self):
        """Begin an attempt as the probe; its generation, or None if another process has the lease."""
        return self.breaker.begin() if self.breaker.wait_s() == 0 and await self.breaker.may_begin() else None


class Lenient(Process):
    """A process without a condition for its breakers, and a route of two backends."""

    consecutive_failures = None
    names = "bc"


def run(processes, script):
    async def main():
        for process in processes:
            process.task = asyncio.create_task(process.shared.run())
        try:
            await script()
        finally:
            for process in processes:
                process.task.cancel()
            await asyncio.gather(*(process.task for process in processes), return_exceptions=True)

    asyncio.run(main())


async def until(condition):
    """Wait until a condition holds; the test fails if it never does."""
    async with asyncio.timeout(15):
        while not condition():  # noqa: ASYNC110  # nothing tells of a breaker's change
            await asyncio.sleep(0.01)
