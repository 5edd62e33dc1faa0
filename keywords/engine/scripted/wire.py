"""Paths of each family's model requests, and answers to probes: model lists, versions, health."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from keywords.engine.scripted.anthropic import AnthropicMessages
from keywords.engine.scripted.azure import AzureChat, AzureCompletion, AzureEmbeddings
from keywords.engine.scripted.family import CREATED, CREATED_AT, dump
from keywords.engine.scripted.ollama import OllamaChat, OllamaEmbed, OllamaGenerate
from keywords.engine.scripted.openai import OpenAIChat, OpenAICompletion, OpenAIEmbeddings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keywords.engine.scripted.family import Family

ROUTES: dict[str, Family] = {
    "/v1/chat/completions": OpenAIChat(),
    "/v1/completions": OpenAICompletion(),
    "/v1/embeddings": OpenAIEmbeddings(),
    "/openai/v1/chat/completions": AzureChat(),
    "/openai/v1/completions": AzureCompletion(),
    "/openai/v1/embeddings": AzureEmbeddings(),
    "/api/chat": OllamaChat(),
    "/api/generate": OllamaGenerate(),
    "/api/embed": OllamaEmbed(),
    "/v1/messages": AnthropicMessages(),
}
"""The family of each path of model requests, without Azure's deployments."""

COUNTED = 7
"""How many tokens each prompt has, if vLLM's address for that is asked."""
_DEPLOYMENT = re.compile(r"/openai/deployments/([^/]+)(/(?:chat/completions|completions|embeddings))")


def find_family(path: str) -> tuple[Family | None, str | None]:
    """The family of a path, and the model if the path names one; no family for a probe.

    Args:
        path: without the query.
    """
    if match := _DEPLOYMENT.fullmatch(path):
        return ROUTES["/openai/v1" + match[2]], unquote(match[1])
    return ROUTES.get(path), None


def asks_for_answer(path: str) -> bool:
    """Whether a path, with or without a query, takes model requests; all others take probes."""
    return find_family(path.partition("?")[0])[0] is not None


def lookup(method: str, path: str, head: bytes, models: Sequence[str]) -> tuple[int, bytes]:
    """Status and body of the answer to a probe; 404 for an unknown path.

    Args:
        method: HTTP method.
        path: without the query.
        head: request line and headers; a request with `anthropic-version` gets Anthropic's list of models.
        models: names that the backend lists.
    """
    if method == "GET" and path == "/v1/models" and b"\r\nanthropic-version:" in head.lower():
        return HTTPStatus.OK, dump(_anthropic_models(models))
    if method == "GET" and path in _PROBES:
        return HTTPStatus.OK, dump(_PROBES[path](models))
    if method == "POST" and path == "/tokenize":
        return HTTPStatus.OK, dump({"count": COUNTED, "max_model_len": 4096, "tokens": list(range(COUNTED))})
    return HTTPStatus.NOT_FOUND, dump({"error": {"message": f"The scripted backend has no {method} {path}."}})


def _openai_models(models: Sequence[str]) -> dict[str, Any]:
    listed = [{"id": model, "object": "model", "created": CREATED, "owned_by": "scripted"} for model in models]
    return {"object": "list", "data": listed}


def _anthropic_models(models: Sequence[str]) -> dict[str, Any]:
    listed = [{"type": "model", "id": model, "display_name": model, "created_at": CREATED_AT} for model in models]
    return {"data": listed, "has_more": False, "first_id": models[0], "last_id": models[-1]}


def _ollama_models(models: Sequence[str]) -> dict[str, Any]:
    return {"models": [{"name": model, "model": model, "modified_at": CREATED_AT} for model in models]}


_PROBES: dict[str, Callable[[Sequence[str]], dict[str, Any]]] = {
    "/v1/models": _openai_models,
    "/openai/v1/models": _openai_models,
    "/openai/models": _openai_models,
    "/api/tags": _ollama_models,
    "/api/version": lambda _: {"version": "0.0.0-scripted"},
    "/v1/health/live": lambda _: {"object": "health.response", "message": "live", "status": "live"},
    "/v1/health/ready": lambda _: {"object": "health.response", "message": "ready", "status": "ready"},
}
