"""The gateway as one ASGI application that outlives its configurations."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.routing import Router

from gateway.api.app import assemble
from gateway.api.cors import CrossOrigin
from gateway.backends.kinds import create_backends, load
from gateway.backends.llamacpp.weights import EmbeddedModelError
from gateway.config.file_version import READ_S, unreadable
from gateway.config.problems import ConfigError
from gateway.errors.base import GatewayError
from gateway.limits.checks import RequestChecks
from gateway.logs.events import log_event
from gateway.observability.observers import Observers
from gateway.operating_system.daemon_thread import in_daemon_thread
from gateway.routing.routes import Routes
from gateway.server.generation import Generation, differences, reloaded
from gateway.server.reloading import Reloading
from gateway.server.worker import ONLY_WORKER, Worker
from gateway.state import Reloads, Shutdown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Mapping
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

    from gateway.backends.base import Backend
    from gateway.config.load import Config
    from gateway.observability.metric_store import MetricStore
    from gateway.routing.shared_states import SharedStates

T = TypeVar("T")


class Gateway:
    """Hands each request to the generation that is current when the request arrives.

    Args:
        config: a checked configuration.
        backends: by name, in place of those in the configuration.
        worker: this process among the gateway's workers.
        source: the configuration file, read again at `ask_reload` and when it changes.
        store: of the metrics; one for this process alone if left out.

    Attributes:
        shutdown: the state of the shutdown.
        router: runs the lifespan.
        server_config: the table `[server]`, which no reload changes.

    Raises:
        ConfigError: the key file is bad, a limit could not be enforced, or a ledger or OpenTelemetry cannot be used.
        EmbeddedModelError: an embedded model lacks its weights or its engine.
    """

    def __init__(
        self,
        config: Config,
        backends: Mapping[str, Backend] | None = None,
        worker: Worker = ONLY_WORKER,
        source: Path | None = None,
        store: MetricStore | None = None,
    ) -> None:
        self.shutdown = Shutdown(config.server.drain_s)
        self.router = Router(lifespan=self._lifespan)
        self.server_config = config.server
        self._worker = worker
        self._source = source
        self._reloads = Reloads()
        checks = _request_checks(config, worker)
        if backends is None:
            backends = create_backends(config)
        self._observers = Observers(config, store)
        self._observers.metrics.watch_reloads(self._reloads)
        self._current = self._build(config, backends, checks, None)
        self._outgoing: set[Generation] = set()
        self._stopping: set[asyncio.Task[None]] = set()
        self._reloading = (
            Reloading(source, watch=config.server.watch, reload=self._reload) if source is not None else None
        )
        self._shared_states = _create_shared_states(config)
        self._apply(self._current)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or run the lifespan."""
        if scope["type"] == "lifespan":
            await self.router(scope, receive, send)
            return
        generation = self._current
        generation.requests += 1
        try:
            await generation.app(scope, receive, send)
        finally:
            generation.requests -= 1
            if generation is not self._current and not generation.requests:
                self._retire(generation)

    def ask_reload(self) -> None:
        """Request a reload of the configuration; for signal handlers."""
        if self._reloading is not None:
            self._reloading.request()

    def _build(
        self, config: Config, backends: Mapping[str, Backend], checks: RequestChecks, before: Generation | None
    ) -> Generation:
        """Build a generation; a backend of the previous one keeps its state."""
        old = before.routes.states if before else {}
        states = {name: old[name] for name in old if before and before.backends[name] is backends.get(name)}
        cooldowns = {key: one for key, one in before.routes.cooldowns.items() if key[0] in states} if before else {}
        routes = Routes(config, backends, states, cooldowns)
        app = assemble(config, routes, checks, self._observers, self.shutdown, self._reloads)
        # Built now, so that the first request does not wait for it.
        app.middleware_stack = app.build_middleware_stack()
        origins = config.server.cors_origins
        return Generation(config, CrossOrigin(app, origins) if origins else app, backends, routes, checks)

    def _apply(self, generation: Generation) -> None:
        self._observers.apply(generation.config, generation.routes)
        if self._shared_states is not None:
            self._shared_states.watch(generation.config, generation.routes)

    @asynccontextmanager
    async def _lifespan(self, _: object) -> AsyncIterator[None]:
        await self._current.checks.start()
        # In the background: a backend may take long to load a model, and /health answers meanwhile.
        tasks = [asyncio.create_task(_start(backend)) for backend in self._current.backends.values()]
        if self._reloading is not None:
            tasks.append(asyncio.create_task(self._reloading.run()))
        if self._observers.metrics.is_shared:
            tasks.append(asyncio.create_task(self._observers.metrics.publish_regularly()))
        if self._shared_states is not None:
            tasks.append(asyncio.create_task(self._shared_states.run()))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, *self._stopping, return_exceptions=True)
            # Before the backends and limits that counting needs are stopped.
            await self._observers.count_last()
            await _stop(self._used_backends())
            await self._current.checks.stop()
            await self._observers.close()

    async def _reload(self) -> None:
        """Replace the current configuration by the file's; if that fails, log why and keep the current one."""
        where: dict[str, Any] = {
            "path": str(self._source),
            **({"worker": self._worker.index} if self._worker.count > 1 else {}),
        }
        try:
            changed, waiting = await self._replace()
        except Exception as error:  # noqa: BLE001  # any failure: the gateway keeps its configuration and logs why
            self._reloads.note(applied=False)
            log_event("config_not_reloaded", level=logging.ERROR, **where, problems=_problems(error))
            return
        self._reloads.note(applied=True)
        log_event("config_reloaded", **where, changed=changed)
        if waiting:
            log_event("config_needs_restart", level=logging.WARNING, **where, settings=waiting)

    async def _replace(self) -> tuple[list[str], list[str]]:
        """Load the file's configuration and put it in force.

        Returns:
            The settings that changed, and those that need a restart to change.
        """
        before = self._current
        loaded = await _read(partial(load, self._source), self._source)
        config = reloaded(before.config, loaded)
        checks = await _read(partial(_request_checks, config, self._worker), config.keys.file)
        backends = create_backends(config, before.backends, before.config)
        new = {name: backend for name, backend in backends.items() if before.backends.get(name) is not backend}
        generation = self._build(config, backends, checks, before)
        try:
            # The previous generation answers meanwhile.
            await asyncio.gather(*(backend.start() for backend in new.values()))
            await checks.take_over(before.checks)
        except BaseException:
            await _stop(new.values())
            raise
        self._current = generation
        self._apply(generation)
        self._outgoing.add(before)
        if not before.requests:
            self._retire(before)
        return differences(before.config, config), differences(config, loaded)

    def _retire(self, generation: Generation) -> None:
        """Drop a generation without requests, and stop the backends that no other one uses."""
        self._outgoing.remove(generation)
        if unused := set(generation.backends.values()) - self._used_backends():
            task = asyncio.create_task(_stop(unused))
            self._stopping.add(task)
            task.add_done_callback(self._stopping.discard)

    def _used_backends(self) -> set[Backend]:
        return {backend for each in (self._current, *self._outgoing) for backend in each.backends.values()}


async def _read(read: Callable[[], T], file: Path | None) -> T:
    """Read a file in a thread.

    Raises:
        ConfigError: it cannot be read within `READ_S`, or what it holds is refused.
    """
    try:
        async with asyncio.timeout(READ_S):
            return await in_daemon_thread(read)
    except TimeoutError:
        raise ConfigError([unreadable(file)]) from None


def _create_shared_states(config: Config) -> SharedStates | None:
    if config.shared.url is None:
        return None
    # Its extra need not be installed for a gateway that shares nothing.
    from gateway.routing.shared_states import SharedStates as Installed  # noqa: PLC0415  # see the line above

    return Installed(config.shared.url)


def _request_checks(config: Config, worker: Worker) -> RequestChecks:
    return RequestChecks(config, workers=worker.count, limiter=worker.concurrency_limiter(config.limits))


async def _start(backend: Backend) -> None:
    try:
        await backend.start()
    except GatewayError as error:
        log_event("backend_start_failed", level=logging.ERROR, backend=backend.name, reason=error.message)
    except Exception as error:  # noqa: BLE001  # one backend's failure must not affect the others
        log_event("backend_start_failed", level=logging.ERROR, backend=backend.name, reason=repr(error))
    else:
        log_event("backend_started", backend=backend.name)


async def _stop(backends: Collection[Backend]) -> None:
    for failure in await asyncio.gather(*(backend.stop() for backend in backends), return_exceptions=True):
        if isinstance(failure, BaseException):
            log_event("backend_stop_failed", level=logging.ERROR, reason=repr(failure))


def _problems(error: Exception) -> list[str]:
    match error:
        case ConfigError():
            return [str(problem) for problem in error.problems]
        case EmbeddedModelError():
            return [str(error)]
        case GatewayError():
            return [error.message]
    return [repr(error)]
