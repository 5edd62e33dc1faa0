"""`GET /v1/models` and `GET /v1/models/{id}`: the models that clients may ask for, in the client's format."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import orjson
from fastapi import APIRouter, Request, Response  # FastAPI reads the annotations at run time

from gateway.api.context import CONTEXT
from gateway.formats.base import ListedModel
from gateway.formats.openapi import ANTHROPIC_ERROR, OPENAI_ERROR, json_response

if TYPE_CHECKING:
    from gateway.api.context import RequestContext
    from gateway.formats.base import Format
    from gateway.routing.routes import Routes

_FORM = (
    "In OpenAI's form; where `anthropic-version` is sent, in Anthropic's, of whose list `limit`, `after_id` and "
    "`before_id` choose a page."
)
_ERROR = {"anyOf": [OPENAI_ERROR, ANTHROPIC_ERROR]}
_REFUSED = json_response("A refusal or a failure.", _ERROR)


def models_router(routes: Routes) -> APIRouter:
    """Make the router; a model is created at the gateway's start, and its owner is the first backend of its route."""
    router = APIRouter(prefix="/v1/models", tags=["models"])
    created = int(time.time())

    def listed(model: str) -> ListedModel:
        return ListedModel(model, created, routes.to(model).candidates[0].backend.name)

    @router.get("", summary="All models", description=_FORM, responses={"default": _REFUSED})
    async def list_models(request: Request) -> Response:
        models = [listed(model) for model in routes.candidates]
        return _json(_format(request).model_list(models, request.query_params))

    # A model id may hold slashes.
    @router.get(
        "/{model:path}",
        summary="One model",
        description=_FORM,
        responses={404: json_response("No model has this id.", _ERROR), "default": _REFUSED},
    )
    async def get_model(request: Request, model: str) -> Response:
        return _json(_format(request).model(listed(model)))

    return router


def _format(request: Request) -> Format:
    context: RequestContext = request.scope[CONTEXT]
    return context.format


def _json(answer: dict[str, Any]) -> Response:
    return Response(orjson.dumps(answer), media_type="application/json")
