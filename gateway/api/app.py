"""The application, assembled from its endpoints and the middleware."""

from __future__ import annotations

from functools import cache, partial
from http import HTTPStatus
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from gateway.api.endpoint import Endpoint
from gateway.api.head import HeadAsGet, with_head
from gateway.api.health import health_router
from gateway.api.metrics import metrics_router
from gateway.api.middleware import RequestMiddleware
from gateway.api.models import models_router
from gateway.errors.base import GatewayError, InvalidRequest
from gateway.errors.http import MethodNotAllowed, UnknownUrl
from gateway.formats.endpoints import ENDPOINTS
from gateway.formats.openai.templates import PromptTemplates
from gateway.formats.openapi import DESCRIPTION
from gateway.operations import CHAT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from gateway.config.load import Config
    from gateway.limits.checks import RequestChecks
    from gateway.observability.observers import Observers
    from gateway.routing.routes import Routes
    from gateway.state import Reloads, Shutdown


class _Gateway(FastAPI):
    """FastAPI for the pages; requests to a model bypass its layers, which cost a tenth of the throughput."""

    direct: Mapping[str, ASGIApp]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = self.direct.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        await (endpoint or super().__call__)(scope, receive, send)


def assemble(  # noqa: PLR0913, PLR0917  # the parts that answering a request needs
    config: Config, routes: Routes, checks: RequestChecks, observers: Observers, shutdown: Shutdown, reloads: Reloads
) -> FastAPI:
    """Assemble the application of one configuration; `gateway.server.service` starts and stops its parts."""
    app = _Gateway(
        title="LLM gateway",
        description=DESCRIPTION,
        version=version("llm-gateway-qa"),
        redirect_slashes=False,
        # Off: both pages load their scripts from a foreign host.
        docs_url=None,
        redoc_url=None,
        openapi_url=None,  # `_document` adds it
        telemetry={"tracing": False, "metrics": False, "logs": False},
        exception_handlers={HTTPException: _http_exception, RequestValidationError: _validation_error},
    )
    middleware = partial(
        RequestMiddleware,
        keys=checks.keys,
        observers=observers,
        shutdown=shutdown,
        metrics_need_key=config.metrics.require_key,
    )
    # The last one is the outermost.
    app.add_middleware(HeadAsGet)
    app.add_middleware(middleware)
    prompts = PromptTemplates(config.models)
    endpoints = {
        path: Endpoint(
            operation,
            client_format,
            routes,
            limits=config.limits,
            timeouts=config.timeouts,
            prompts=prompts if path == CHAT.url_path else None,
            admission=checks.admission,
        )
        for path, (operation, client_format) in ENDPOINTS.items()
    }
    app.direct = {path: middleware(endpoint) for path, endpoint in endpoints.items()}
    # For the methods other than POST, which get 405.
    app.router.routes.extend(Route(path, endpoint, methods=["POST"]) for path, endpoint in endpoints.items())
    app.include_router(health_router(routes, shutdown, reloads))
    app.include_router(models_router(routes))
    if config.metrics.enabled:
        app.include_router(metrics_router(observers.metrics))
    _document(app, endpoints)
    return app


async def _http_exception(request: Request, error: Exception) -> Any:
    """Turn Starlette's own 404 and 405 into the gateway's errors."""
    assert isinstance(error, HTTPException)  # noqa: S101  # registered for this class
    if error.status_code == HTTPStatus.NOT_FOUND:
        raise UnknownUrl(request.method, request.url.path) from None
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        methods = {method.strip() for method in (error.headers or {}).get("Allow", "").split(",")}
        raise MethodNotAllowed(request.method, request.url.path, ", ".join(sorted(with_head(methods)))) from None
    raise GatewayError(str(error.detail), status=error.status_code, headers=dict(error.headers or {})) from None


async def _validation_error(_: Request, error: Exception) -> Any:
    raise InvalidRequest(f"Invalid request: {error}. Compare it with /openapi.json.", code="invalid_value") from None


def _document(app: FastAPI, endpoints: Mapping[str, Endpoint]) -> None:
    """Add the endpoints that bypass FastAPI to its OpenAPI page."""
    generated = app.openapi

    # It takes milliseconds, and needs no key.
    @cache
    def openapi() -> dict[str, Any]:
        document = generated()
        for path, endpoint in endpoints.items():
            document["paths"][path], components = endpoint.path_item()
            document.setdefault("components", {}).setdefault("schemas", {}).update(components)
        return document

    @cache
    def page() -> bytes:
        return orjson.dumps(openapi())

    async def answer(_: Request) -> Response:  # a plain function would run in a thread
        return Response(page(), media_type="application/json")

    app.router.routes.append(Route("/openapi.json", answer))
    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the page
