"""`GET /metrics`: the gateway's metrics for Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from gateway.formats.openapi import OPENAI_ERROR, json_response

if TYPE_CHECKING:
    from gateway.observability.metrics import Metrics

PATH = "/metrics"


def metrics_router(metrics: Metrics) -> APIRouter:
    """Make the router of the endpoint."""
    router = APIRouter(tags=["metrics"])

    @router.get(
        PATH,
        summary="Numbers for Prometheus",
        response_class=Response,
        responses={
            200: {"description": "In Prometheus' text format.", "content": {"text/plain": {}}},
            "default": json_response("A refusal or a failure.", OPENAI_ERROR),
        },
    )
    async def page() -> Response:
        return Response(metrics.page(), media_type=CONTENT_TYPE_LATEST)

    return router
