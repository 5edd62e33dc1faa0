"""`GET /metrics`: the gateway's metrics for Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

if TYPE_CHECKING:
    from gateway.observability.metrics import Metrics

PATH = "/metrics"


def metrics_router(metrics: Metrics) -> APIRouter:
    """Make the router of the endpoint."""
    router = APIRouter(tags=["metrics"])

    @router.get(PATH, summary="Numbers for Prometheus")
    async def page() -> Response:
        return Response(metrics.page(), media_type=CONTENT_TYPE_LATEST)

    return router
