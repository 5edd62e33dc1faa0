"""The gateway as one ASGI application over all the configurations that it goes through in its life."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from starlette.routing import Router

from gateway.api.app import assemble
from gateway.backends.kinds import create_backends, load
from gateway.backends.llamacpp.weights import EmbeddedModelError
from gateway.config.problems import ConfigError
from gateway.errors.base import GatewayError
from gateway.limits.checks import RequestChecks
from gateway.logs.events import log_event
from gateway.observability.observers import Observers
from gateway.routing.routes import Routes
from gateway.server.generation import Generation, differences, reloaded
from gateway.server.reloading import Reloading
from gateway.server.worker import ONLY_WORKER, Worker
from gateway.state import Reloads, Shutdown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

    from gateway.backends.base import Backend
    from gateway.config.load import Config
    from gateway.observability.metric_store import MetricStore
    from gateway.routing.shared_breakers import SharedBreakers


class Gateway:
    """Hands each request to the generation that is current when it comes.

    Args:
        config: a checked configuration.
        backends: by name, in place of those that the configuration asks for.
        worker: which of the gateway's processes this is.
        source: the configuration's file, read again at `ask_reload` and when it changes.
        store: where the metrics keep theirs; in memory of this process's own if left out.

    Attributes:
        shutdown: its way out.
        router: its lifespan.

    Raises:
        ConfigError: the file of keys is bad, limits cannot hold, or a ledger or OpenTelemetry cannot be used.
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
        self._worker = worker
        self._source = source
        self._reloads = Reloads()
        limiting = _limiting(config, worker)
        if backends is None:
            backends = create_backends(config)
        self._observers = Observers(config, store)
        self._observers.metrics.watch_reloads(self._reloads)
        self._current = self._generation(config, backends, limiting, None)
        self._outgoing: set[Generation] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._reloading = (
            Reloading(source, watch=config.server.watch, reload=self._reload) if source is not None else None
        )
        self._shared = _shared_breakers(config)
        self._take_up(self._current)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or live from start to end."""
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
                self._end(generation)

    def ask_reload(self) -> None:
        """Have the configuration read again soon; for signal handlers."""
        if self._reloading is not None:
            self._reloading.ask()

    def _generation(
        self, config: Config, backends: Mapping[str, Backend], limiting: RequestChecks, before: Generation | None
    ) -> Generation:
        """A generation; a backend that was in the one before under the same rules keeps its state."""
        kept = before.routes.states if before and before.config.breaker == config.breaker else {}
        states = {name: kept[name] for name in kept if before and before.backends[name] is backends.get(name)}
        routes = Routes(config.models, backends, config.retries, config.breaker, states)
        app = assemble(config, routes, limiting, self._observers, self.shutdown, self._reloads)
        # Now, rather than for its first request.
        app.middleware_stack = app.build_middleware_stack()
        return Generation(config, app, backends, routes, limiting)

    def _take_up(self, generation: Generation) -> None:
        self._observers.apply(generation.config, generation.routes.states)
        if self._shared is not None:
            self._shared.watch(generation.config, generation.routes.states)

    @asynccontextmanager
    async def _lifespan(self, _: object) -> AsyncIterator[None]:
        # In the background: a backend may load a model for long, and /health answers meanwhile.
        await self._current.limiting.start()
        tasks = [asyncio.create_task(_start(backend)) for backend in self._current.backends.values()]
        if self._reloading is not None:
            tasks.append(asyncio.create_task(self._reloading.run()))
        if self._observers.metrics.is_shared:
            tasks.append(asyncio.create_task(self._observers.metrics.publish_regularly()))
        if self._shared is not None:
            tasks.append(asyncio.create_task(self._shared.run()))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, *self._ending, return_exceptions=True)
            # While there are backends and limits.
            await self._observers.count_last()
            last = [self._current, *self._outgoing]
            await _stop({backend for generation in last for backend in generation.backends.values()})
            await self._current.limiting.stop()
            await self._observers.close()

    async def _reload(self) -> None:
        """Put the file's configuration in place of the current one, or say why not and leave that in force."""
        where: dict[str, Any] = {
            "path": str(self._source),
            **({"worker": self._worker.index} if self._worker.count > 1 else {}),
        }
        try:
            changed, waiting = await self._replace()
        except Exception as error:  # noqa: BLE001  # whatever it is, the gateway goes on as it was, and says so
            self._reloads.note(applied=False)
            log_event("config_not_reloaded", level=logging.ERROR, **where, problems=_problems(error))
            return
        self._reloads.note(applied=True)
        log_event("config_reloaded", **where, changed=changed)
        if waiting:
            log_event("config_needs_restart", level=logging.WARNING, **where, settings=waiting)

    async def _replace(self) -> tuple[list[str], list[str]]:
        """Take over the file's configuration.

        Returns:
            The settings that are other than before, and those that will be after a restart.
        """
        before = self._current
        read = load(self._source)
        config = reloaded(before.config, read)
        limiting = _limiting(config, self._worker)
        backends = create_backends(config, before.backends, before.config)
        new = {name: backend for name, backend in backends.items() if before.backends.get(name) is not backend}
        generation = self._generation(config, backends, limiting, before)
        try:
            # Until they are there, the others answer.
            await asyncio.gather(*(backend.start() for backend in new.values()))
            await limiting.take_over(before.limiting)
        except BaseException:
            await _stop(new.values())
            raise
        self._current = generation
        self._take_up(generation)
        self._outgoing.add(before)
        if not before.requests:
            self._end(before)
        return differences(before.config, config), differences(config, read)

    def _end(self, generation: Generation) -> None:
        """Stop the backends that nobody needs any more."""
        self._outgoing.remove(generation)
        needed = {backend for other in (self._current, *self._outgoing) for backend in other.backends.values()}
        if unneeded := set(generation.backends.values()) - needed:
            task = asyncio.create_task(_stop(unneeded))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)


def _shared_breakers(config: Config) -> SharedBreakers | None:
    if config.shared.url is None:
        return None
    # An extra: a gateway that shares nothing does not need it installed.
    from gateway.routing.shared_breakers import SharedBreakers as Installed  # noqa: PLC0415  # see the line above

    return Installed(config.shared.url)


def _limiting(config: Config, worker: Worker) -> RequestChecks:
    return RequestChecks(config, workers=worker.count, limiter=worker.concurrency_limiter(config.limits))


async def _start(backend: Backend) -> None:
    try:
        await backend.start()
    except GatewayError as error:
        log_event("backend_start_failed", level=logging.ERROR, backend=backend.name, reason=error.message)
    except Exception as error:  # noqa: BLE001  # one backend's failure must not keep the others from answering
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
