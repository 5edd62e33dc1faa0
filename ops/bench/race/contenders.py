"""The contenders: their configuration, start command and request headers."""

from __future__ import annotations

import hashlib
import secrets
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

import tomli_w

from ops.bench.race import installs
from ops.bench.race.upstream import MODEL, STREAM_MODEL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

# All kinds of limits, none of which is ever reached.
_KEY: dict[str, object] = {
    "created": datetime(2026, 1, 1, tzinfo=UTC),
    "rpm": 1_000_000_000,
    "tpm": 1_000_000_000_000,
    "concurrency": 100_000,
    "budget_tokens": 1_000_000_000_000,
    "budget_usd": 1_000_000_000,
}
_PRICE = {"input_per_million": 0.15, "output_per_million": 0.60}
_LITELLM = """
model_list:
  - model_name: {model}
    litellm_params: {{ model: openai/{model}, api_base: "{json}/v1", api_key: none }}
  - model_name: {stream_model}
    litellm_params: {{ model: openai/{stream_model}, api_base: "{stream}/v1", api_key: none }}
"""


@dataclass(frozen=True, slots=True)
class Upstreams:
    """Addresses, without a path, of the upstreams for ordinary requests and for streams."""

    json: str
    stream: str


@dataclass(frozen=True, slots=True)
class Contender:
    """A gateway that can be started.

    Attributes:
        name: one of `MAKERS`.
        about: description with the version, for the table.
        command: the start command; `{port}` in it is replaced.
        ready_path: the path that answers 200 once the contender is ready.
        environment: extra environment variables.
        headers: headers of every ordinary request.
        stream_headers: headers of every stream request.
    """

    name: str
    about: str
    command: tuple[str, ...]
    ready_path: str
    environment: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    stream_headers: Mapping[str, str] = field(default_factory=dict)


def _gateway(here: Path, upstreams: Upstreams, further: Mapping[str, object] | None = None) -> Contender:
    key = secrets.token_hex(16)
    digest = hashlib.sha256(key.encode()).hexdigest()
    (here / "keys.toml").write_text(tomli_w.dumps({"keys": {"race": {"sha256": digest, **_KEY}}}), "utf-8")
    tables = {
        "backends": {
            "json": {"kind": "openai", "base_url": f"{upstreams.json}/v1"},
            "stream": {"kind": "openai", "base_url": f"{upstreams.stream}/v1"},
        },
        "models": {MODEL: {"route": [{"backend": "json"}]}, STREAM_MODEL: {"route": [{"backend": "stream"}]}},
        "keys": {"file": str(here / "keys.toml")},
        "limits": {"messages": 2048, "in_flight": 4096, "queue": 64},
        "retries": {"attempts": 2},
        "breaker": {"consecutive_failures": 5},
        "ledger": {"path": str(here / "ledger.sqlite3")},
        "prices": {MODEL: _PRICE, STREAM_MODEL: _PRICE},
        **(further or {}),
    }
    (here / "gateway.toml").write_text(tomli_w.dumps(tables), "utf-8")
    headers = {"authorization": f"Bearer {key}"}
    return Contender(
        "gateway",
        f"this gateway {version('llm-gateway-qa')}, all on: keys, limits, budgets, breaker, ledger, prices, metrics",
        (sys.executable, "-m", "gateway", "serve", "--config", str(here / "gateway.toml"), "--port", "{port}"),
        "/health/ready",
        headers=headers,
        stream_headers=headers,
    )


def _gateway_otel(here: Path, upstreams: Upstreams) -> Contender:
    contender = _gateway(here, upstreams, {"otel": {"endpoint": upstreams.json}})
    return Contender(
        "gateway-otel",
        "the same, and each request as OpenTelemetry spans and metrics over OTLP",
        contender.command,
        contender.ready_path,
        headers=contender.headers,
        stream_headers=contender.stream_headers,
    )


def _floor(_: Path, upstreams: Upstreams) -> Contender:
    return Contender(
        "floor",
        f"raw ASGI + aiohttp {version('aiohttp')}, not one check (ops/bench/race/floor.py)",
        (sys.executable, "-m", "ops.bench.race.floor", "{port}"),
        "/",
        environment={"FLOOR_JSON": upstreams.json, "FLOOR_STREAM": upstreams.stream},
    )


def _portkey(_: Path, upstreams: Upstreams) -> Contender:
    installed = installs.portkey()

    def headers(url: str) -> dict[str, str]:
        return {
            "authorization": "Bearer none",
            "x-portkey-provider": "openai",
            "x-portkey-custom-host": f"{url}/v1",
        }

    return Contender(
        "portkey",
        f"@portkey-ai/gateway {installed.version}, nothing configured",
        (*installed.command, "--port={port}", "--headless"),
        "/",
        headers=headers(upstreams.json),
        stream_headers=headers(upstreams.stream),
    )


def _litellm(here: Path, upstreams: Upstreams) -> Contender:
    installed = installs.litellm()
    models = {"json": upstreams.json, "stream": upstreams.stream, "model": MODEL, "stream_model": STREAM_MODEL}
    (here / "litellm.yaml").write_text(_LITELLM.format(**models), "utf-8")
    key = f"sk-{secrets.token_hex(24)}"
    headers = {"authorization": f"Bearer {key}"}
    options = ("--config", str(here / "litellm.yaml"), "--host", "127.0.0.1", "--port", "{port}", "--num_workers", "1")
    return Contender(
        "litellm",
        f"LiteLLM proxy {installed.version}, its master key alone, no database",
        (*installed.command, *options),
        "/health/readiness",
        # LITELLM_LOCAL_MODEL_COST_MAP: otherwise LiteLLM loads its price list from the network at each start.
        environment={"LITELLM_MASTER_KEY": key, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"},
        headers=headers,
        stream_headers=headers,
    )


MAKERS: dict[str, Callable[[Path, Upstreams], Contender]] = {
    "gateway": _gateway,
    "gateway-otel": _gateway_otel,
    "floor": _floor,
    "portkey": _portkey,
    "litellm": _litellm,
}
"""Each creates its contender, with its files in a folder, or raises `installs.NotInstalledError`."""
