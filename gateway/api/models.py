"""`GET /v1/models` and `GET /v1/models/{id}`: the models that clients may ask for."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import orjson
from fastapi import APIRouter, Response

if TYPE_CHECKING:
    from gateway.routing.routes import Routes


def models_router(routes: Routes) -> APIRouter:
    """Make the router; `created` is the gateway's start, `owned_by` the first backend of the model's route."""
    router = APIRouter(prefix="/v1/models", tags=["models"])
    created = int(time.time())

    def model_object(model: str) -> dict[str, Any]:
        owner = routes.to(model).candidates[0].backend.name
        return {"id": model, "object": "model", "created": created, "owned_by": owner}

    @router.get("", summary="All models")
    async def list_models() -> Response:
        return _json({"object": "list", "data": [model_object(model) for model in routes.candidates]})

    # A model id may hold slashes.
    @router.get("/{model:path}", summary="One model")
    async def get_model(model: str) -> Response:
        return _json(model_object(model))

    return router


def _json(answer: dict[str, Any]) -> Response:
    return Response(orjson.dumps(answer), media_type="application/json")
