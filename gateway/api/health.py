"""`GET /health`, `/health/live` and `/health/ready`: probes that write nothing and spend no tokens."""

from __future__ import annotations

import asyncio
import os
import secrets
from importlib.metadata import version
from time import perf_counter
from typing import TYPE_CHECKING, Any

import orjson
from fastapi import APIRouter, Request, Response  # FastAPI reads the annotations at run time

from gateway.api.context import CONTEXT
from gateway.api.probes import Probes
from gateway.errors.base import RETRY_AFTER_S, BackendUnavailable, ShuttingDown
from gateway.formats.openapi import OPENAI_ERROR, json_response

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.api.context import RequestContext
    from gateway.errors.base import GatewayError
    from gateway.routing.balancing import Candidate
    from gateway.routing.routes import Routes
    from gateway.state import Reloads, Shutdown


def health_router(routes: Routes, shutdown: Shutdown, reloads: Reloads) -> APIRouter:
    """Make the router of the three endpoints.

    `/health` and `/health/live` say that this process answers, and which one it is: `instance` is `GATEWAY_INSTANCE`
    or a random word, which tells this gateway from another on the same port. `/health/ready` is 200 if every model has
    at least one backend that would answer now, else 503. It shows the state of each backend of each model, the breakers
    that are not closed, the cooldowns in seconds, and whether the configuration file holds a newer configuration that
    was refused. During a shutdown it is 503; the other two stay 200.
    """
    router = APIRouter(prefix="/health", tags=["health"])
    probes = Probes()
    alive = orjson.dumps(
        {
            "status": "ok",
            "service": "llm-gateway",
            "version": version("llm-gateway-qa"),
            "instance": os.environ.get("GATEWAY_INSTANCE") or secrets.token_hex(8),
        }
    )

    @router.get("", summary="Is this process the gateway?")
    @router.get("/live", summary="Does this process answer?")
    async def live() -> Response:
        return Response(alive, media_type="application/json")

    @router.get(
        "/ready",
        summary="Would every model answer?",
        responses={503: json_response("Not every model would answer, or the gateway shuts down.", OPENAI_ERROR)},
    )
    async def ready(request: Request) -> Response:
        if shutdown.started:
            return _refusal("draining", ShuttingDown())
        backends = {candidate.backend for candidates in routes.candidates.values() for candidate in candidates}
        context: RequestContext = request.scope[CONTEXT]
        began = perf_counter()
        answers = await asyncio.gather(*map(probes.ask, backends))
        context.record.meter.add_wait(began, perf_counter())
        # Requests to a backend that its breaker shuts off are refused, whatever it answers here.
        shut_off = {
            candidate.backend.name
            for candidates in routes.candidates.values()
            for candidate in candidates
            if candidate.is_shut_off
        }
        answering = {backend.name for backend, answer in zip(backends, answers, strict=True) if answer} - shut_off
        models = {
            model: {
                "ready": any(candidate.backend.name in answering for candidate in candidates),
                "backends": {candidate.backend.name: candidate.backend.name in answering for candidate in candidates},
            }
            for model, candidates in routes.candidates.items()
        }
        unready = [model for model, state in models.items() if not state["ready"]]
        missing = {
            candidate.backend.name: _why_not(candidate) for model in unready for candidate in routes.candidates[model]
        }
        configuration = {"since": round(reloads.since, 3), "newer_refused": reloads.last_refused}
        resting = {"breakers": _breakers(routes), "cooldowns": _cooldowns(routes)}
        return _verdict({"models": models, **resting, "configuration": configuration}, unready, missing.values())

    return router


def _why_not(candidate: Candidate) -> str:
    if candidate.is_shut_off:
        return f"Backend '{candidate.backend.name}' has failed repeatedly and is left alone for now."
    return f"Backend '{candidate.backend.name}' {candidate.backend.why_not_ready()}."


def _breakers(routes: Routes) -> dict[str, str]:
    return {name: state.breaker.state for name, state in routes.states.items() if state.breaker.state != "closed"}


def _cooldowns(routes: Routes) -> dict[str, dict[str, float]]:
    waits: dict[str, dict[str, float]] = {}
    for (name, model), cooldown in routes.cooldowns.items():
        if wait_s := cooldown.wait_s():
            waits.setdefault(name, {})[model] = round(wait_s, 3)
    return waits


def _verdict(state: dict[str, Any], unready: list[str], why: Iterable[str]) -> Response:
    if not unready:
        return Response(orjson.dumps({"status": "ready", **state}), media_type="application/json")
    error = BackendUnavailable(" ".join((f"No backend answers for: {', '.join(unready)}.", *why)))
    return _refusal("not_ready", error, **state)


def _refusal(status: str, error: GatewayError, **state: Any) -> Response:
    answer = {"status": status, **state, **orjson.loads(error.body())}
    return Response(
        orjson.dumps(answer), 503, media_type="application/json", headers={"retry-after": str(RETRY_AFTER_S)}
    )
