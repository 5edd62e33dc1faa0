"""NVIDIA NIM: OpenAI's format, with a different health address; `nvext` and other extensions pass unchanged."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Literal

import orjson

from gateway.backends.openai.backend import OpenAIBackend
from gateway.config.backends import RemoteConfig

_READY_STATUSES = frozenset({"ready", "healthy", "ok"})
# "Service is ready." of NIM 1 and 2, but not "Service is not ready."
_READY_MESSAGE = re.compile(r"^(?!.*\bnot\b).*\bready\b", re.IGNORECASE | re.DOTALL)


class NimConfig(RemoteConfig):
    """NVIDIA NIM: `https://integrate.api.nvidia.com/v1`, or your own container at `http://host:8000/v1`."""

    kind: Literal["nim"] = "nim"
    neutralise: bool | tuple[str, ...] = True


class NimBackend(OpenAIBackend):
    """A NIM container, or NVIDIA's hosted service.

    Args:
        config: the `base_url`, which ends in `/v1`, and the key.
        name: the backend's name in the configuration.
        connect_s: limit for making a connection.
    """

    async def ready(self) -> bool:
        """Whether `GET /health/ready` reports ready or, where there is no such address, `GET /models` answers.

        Neither costs tokens. `/health/live` is useless here: it answers before the model is loaded. The hosted service
        has no health address.
        """
        if self._connection is None:
            return False
        answer = await self._connection.get("/health/ready")
        if answer is None:
            return False
        status, body = answer
        if status == HTTPStatus.NOT_FOUND:
            return await super().ready()
        return status == HTTPStatus.OK and _says_ready(body)


def _says_ready(body: bytes) -> bool:
    """Whether a health answer under a 200 reports ready: Dynamo sends `{"status": "unhealthy"}` under a 200."""
    try:
        health = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    if not isinstance(health, dict):
        return False
    if isinstance(health.get("status"), str):
        return health["status"].lower() in _READY_STATUSES
    return isinstance(health.get("message"), str) and _READY_MESSAGE.match(health["message"]) is not None
