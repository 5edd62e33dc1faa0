"""A gateway on a real socket in front of a backend that plays scripts, each in its own thread."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import uvicorn.server

from gateway.backends.kinds import GatewayConfig, load
from gateway.logs.stderr import STDERR
from gateway.observability.request_log import FLUSH_S
from utest.gateway.http_backend import Backend, serving_backend
from utest.gateway.http_client import Client
from utest.gateway.http_gateway import NEVER_OPENS, Gateway, in_thread, serving_gateway

# The last lines that gateways in this process wrote to standard error, since the test began.
_LOG: deque[bytes] = deque(maxlen=1000)


@pytest.fixture(scope="session", autouse=True)
def _captured_log() -> Iterator[None]:
    """Keep the log of gateways in this process: its thread writes it late, where pytest captures nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(STDERR, "_write", _LOG.append)
        yield
        STDERR.flush(within_s=1)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Show a failed test's log."""
    if call.excinfo is not None and not call.excinfo.errisinstance(pytest.skip.Exception):
        # Gateways gather their lines for so long.
        time.sleep(2 * FLUSH_S)
        STDERR.flush(within_s=1)
        item.add_report_section(call.when, "gateway log", b"".join(_LOG).decode(errors="replace"))
    if call.when == "teardown":
        _LOG.clear()


@pytest.fixture(scope="session", autouse=True)
def _hasty_uvicorn() -> Iterator[None]:
    """Let uvicorn look every 0.01 s whether to stop: of its own 0.1 s, each gateway would wait for two at its end."""

    async def sleep(delay_s: float) -> None:
        await asyncio.sleep(delay_s / 10)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(uvicorn.server, "asyncio", SimpleNamespace(**{**vars(asyncio), "sleep": sleep}))
        yield


@pytest.fixture(scope="session")
def _backend() -> Iterator[Backend]:
    with in_thread(lambda: serving_backend(Backend())) as backend:
        yield backend


@pytest.fixture
def backend(_backend: Backend) -> Backend:
    """The backend, without the traces of earlier tests."""
    _backend.script = None
    _backend.bodies.clear()
    _backend.headers.clear()
    _backend.paths.clear()
    _backend.health.clear()
    _backend.called.clear()
    _backend.closed.clear()
    return _backend


@pytest.fixture(scope="session")
def _gateway(_backend: Backend) -> Iterator[Gateway]:
    """A gateway with an OpenAI and an Ollama backend at the same address, small limits, and a dead backend."""
    config = GatewayConfig(
        breaker=NEVER_OPENS,
        limits={"body_bytes": 20_000, "json_depth": 20},
        backends={
            "up": {"kind": "openai", "base_url": f"{_backend.url}/v1"},
            "ollama": {"kind": "ollama", "base_url": _backend.url},
            "dead": {"kind": "openai", "base_url": "http://127.0.0.1:9/v1"},
        },
        models={
            "m": {"route": [{"backend": "up"}]},
            "org/renamed": {"route": [{"backend": "up", "model": "inner"}]},
            "o": {"route": [{"backend": "ollama", "model": "llama"}]},
            "gone": {"route": [{"backend": "dead"}]},
            "spare": {"route": [{"backend": "dead"}, {"backend": "up", "model": "inner"}]},
        },
    )
    with in_thread(lambda: serving_gateway(config)) as gateway:
        yield gateway


@pytest.fixture
def hasty_client(start_gateway: Callable[..., Any], backend: Backend) -> Iterator[Client]:
    """A client of a gateway that waits 0.3 s for an event and 1 s for a whole answer."""
    with start_gateway(
        timeouts={"first_byte_s": 0.3, "idle_s": 0.3, "total_s": 1},
        backends={"up": {"kind": "openai", "base_url": backend.url}},
        models={"m": {"route": [{"backend": "up"}]}},
    ) as client:
        yield client


@pytest.fixture
def client(_gateway: Gateway) -> Iterator[Client]:
    it = Client(_gateway)
    with it.http:
        yield it


@pytest.fixture(scope="session")
def start_gateway() -> Callable[..., Any]:
    """`with start_gateway(backends=…, models=…, …) as client`, or with `source`, the configuration's file."""

    @contextmanager
    def start(source: Path | None = None, **settings: Any) -> Iterator[Client]:
        config = load(source) if source else GatewayConfig(**settings)
        with in_thread(lambda: serving_gateway(config, source)) as gateway:
            client = Client(gateway)
            with client.http:
                yield client

    return start


@pytest.fixture(scope="session")
def in_own_thread() -> Callable[..., Any]:
    """`with in_own_thread(server) as value` enters an async context manager on an event loop of its own."""
    return in_thread
