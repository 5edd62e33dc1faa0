"""The application, assembled."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Route

from gateway.backends.factory import create_backends
from gateway.drain import Drain
from gateway.errors import GatewayError, InvalidRequest, MethodNotAllowed, UnknownUrl
from gateway.frame import RequestFrame
from gateway.limiting import ONLY_WORKER, Limiting, Worker
from gateway.observers import Observers
from gateway.operations import CHAT, EMBEDDINGS, TEXT_COMPLETION
from gateway.routes.endpoint import Endpoint
from gateway.routes.health import health_router
from gateway.routes.metrics import metrics_router
from gateway.routes.models import models_router
from gateway.routing import Routes
from gateway.schema import ChatRequest
from gateway.schema_completion import CompletionRequest
from gateway.schema_embeddings import EmbeddingsRequest
from gateway.telemetry import say

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from starlette.requests import Request

    from gateway.backends.base import Backend
    from gateway.config import Config
    from gateway.operations import Operation
    from gateway.schema_base import Open


_REQUESTS: dict[Operation, type[Open]] = {
    CHAT: ChatRequest,
    TEXT_COMPLETION: CompletionRequest,
    EMBEDDINGS: EmbeddingsRequest,
}


def create_app(config: Config, backends: Mapping[str, Backend] | None = None, worker: Worker = ONLY_WORKER) -> FastAPI:
    """The gateway as an ASGI application.

    Args:
        config: a checked configuration.
        backends: by name, in place of those that the configuration asks for.
        worker: which of the gateway's processes this is.

    Raises:
        ConfigError: the file of keys is bad, limits cannot hold, or a ledger or OpenTelemetry cannot be used.
        EmbeddedModelError: an embedded model lacks its weights or its engine.

    Returns:
        The application; `state.drain` is its way out.
    """
    limiting = Limiting(config, worker)
    if backends is None:
        backends = create_backends(config)
    routes = Routes(config.models, backends, config.retries, config.breaker)
    observers = Observers(config, str(worker.index) if worker.count > 1 else None)
    observers.metrics.watch_breakers({name: standing.breaker for name, standing in routes.standings.items()})
    app = FastAPI(
        title="LLM gateway",
        version=version("llm-gateway-qa"),
        lifespan=_lifespan(backends, observers, limiting),
        redirect_slashes=False,
        # Both pages load their scripts from a foreign host.
        docs_url=None,
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False},
        exception_handlers={HTTPException: _http_exception, RequestValidationError: _validation_error},
    )
    app.state.drain = drain = Drain(config.server.drain_s)
    app.add_middleware(
        RequestFrame, keys=limiting.keys, observers=observers, drain=drain, metrics_need_key=config.metrics.require_key
    )
    endpoints = {
        operation.url_path: Endpoint(
            operation, request, routes, limits=config.limits, timeouts=config.timeouts, admission=limiting.admission
        )
        for operation, request in _REQUESTS.items()
    }
    app.router.routes.extend(Route(path, endpoint, methods=["POST"]) for path, endpoint in endpoints.items())
    app.include_router(health_router(routes, drain))
    app.include_router(models_router(routes))
    if config.metrics.enabled:
        app.include_router(metrics_router(observers.metrics))
    _document(app, endpoints)
    return app


def _lifespan(backends: Mapping[str, Backend], observers: Observers, limiting: Limiting) -> Any:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # In the background: a backend may load a model for long, and /health answers meanwhile.
        await limiting.start()
        starting = [asyncio.create_task(_start(backend)) for backend in backends.values()]
        try:
            yield
        finally:
            for task in starting:
                task.cancel()
            await asyncio.gather(*starting, return_exceptions=True)
            for failure in await asyncio.gather(*(b.stop() for b in backends.values()), return_exceptions=True):
                if isinstance(failure, BaseException):
                    say("backend_stop_failed", level=logging.ERROR, reason=repr(failure))
            await limiting.stop()
            await observers.close()

    return lifespan


async def _start(backend: Backend) -> None:
    try:
        await backend.start()
    except GatewayError as error:
        say("backend_start_failed", level=logging.ERROR, backend=backend.name, reason=error.message)
    except Exception as error:  # noqa: BLE001  # one backend's failure must not keep the others from answering
        say("backend_start_failed", level=logging.ERROR, backend=backend.name, reason=repr(error))
    else:
        say("backend_started", backend=backend.name)


async def _http_exception(request: Request, error: Exception) -> Any:
    """Starlette's own 404 and 405, in OpenAI's shape."""
    assert isinstance(error, HTTPException)  # noqa: S101  # registered for this class
    if error.status_code == 404:  # noqa: PLR2004  # HTTP's own number
        raise UnknownUrl(request.method, request.url.path) from None
    if error.status_code == 405:  # noqa: PLR2004  # as above
        allow = ", ".join(sorted(method.strip() for method in (error.headers or {}).get("Allow", "").split(",")))
        raise MethodNotAllowed(request.method, request.url.path, allow) from None
    raise GatewayError(str(error.detail), status=error.status_code, headers=dict(error.headers or {})) from None


async def _validation_error(_: Request, error: Exception) -> Any:
    raise InvalidRequest(f"Invalid request: {error}. Compare it with /openapi.json.", code="invalid_value") from None


def _document(app: FastAPI, endpoints: Mapping[str, Endpoint]) -> None:
    """Put the endpoints that FastAPI does not handle itself onto its OpenAPI page."""
    generated = app.openapi

    def openapi() -> dict[str, Any]:
        document = generated()
        for path, endpoint in endpoints.items():
            document["paths"][path], components = endpoint.path_item()
            document.setdefault("components", {}).setdefault("schemas", {}).update(components)
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the page
