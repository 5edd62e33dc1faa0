"""Starts of `gateway` without the second that its imports take, where the platform supports that."""

from __future__ import annotations

from typing import Final

from keywords.engine.warm_start.starter import WarmStarter

MODULES: Final = (
    "gateway.cli.main",
    "gateway.server.service",
    # Imported when they are needed, so that other commands, platforms and settings do without them:
    "gateway.server.listen",
    "gateway.server.http_protocol",
    "encodings.idna",
    "pydantic.v1",
    "uvicorn.lifespan.on",
    "uvicorn.loops.auto",
    "uvicorn.loops.uvloop",
    "uvloop",
)
"""All that a gateway imports until it listens; each module that is missing here is imported anew in each start."""
GATEWAYS: Final = WarmStarter(MODULES)
"""The run's one warm interpreter of gateways."""
