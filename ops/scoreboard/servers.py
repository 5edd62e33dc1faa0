"""The servers of the scoreboard: each stands before the llama.cpp server that this project's gateway runs."""

from __future__ import annotations

import json
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from keywords.engine.processes.gateway import start_gateway
from ops.bench.race import installs
from ops.bench.race.contenders import Contender
from ops.bench.race.running import Running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from keywords.engine.processes.gateway import GatewayProcess

READY_WITHIN_S = 120
MODEL = "smollm2-135m-instruct"
ADDED_HEADERS = Path(__file__).with_name("added_headers.mjs")
_LITELLM = """\
model_list:
  - model_name: {model}
    litellm_params: {{ model: openai/{model}, api_base: "{url}/v1", api_key: none }}
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers.

    Attributes:
        name: that of its file in `resources/register/targets/`; `gateway` is this project's own.
        url: its address, without a path.
        version: its package and the version of that.
        key: the key that it asks for; empty if it asks for none.
    """

    name: str
    url: str
    version: str
    key: str = ""


@contextmanager
def running_gateway(folder: Path) -> Iterator[GatewayProcess]:
    """Run this project's gateway, whose model all servers ask.

    Raises:
        GatewayProcessError: it does not start.
    """
    gateway = start_gateway(config=None, log=folder / "gateway.log", ready_within_s=READY_WITHIN_S)
    try:
        yield gateway
    finally:
        gateway.stop()


@contextmanager
def running(name: str, gateway: GatewayProcess, folder: Path) -> Iterator[Server]:
    """Run a server by its name, as long as the rows ask it.

    Args:
        name: one of `NAMES`.
        gateway: the running gateway.
        folder: for logs and configurations.

    Raises:
        NotInstalledError: the server is not installed and could not be fetched.
        NotStartedError: it does not get ready.
    """
    if name == "gateway":
        yield Server(name, gateway.url, f"llm-gateway-qa {version('llm-gateway-qa')}", gateway.api_key)
    elif name == "llamacpp":
        yield Server(name, model_url(gateway), f"xllamacpp {version('xllamacpp')}")
    else:
        key = f"sk-{secrets.token_hex(16)}" if name in _ASKS_FOR_KEY else ""
        contender = _FOREIGN[name](folder, model_url(gateway), key)
        started = Running(contender, folder / f"{name}.log")
        try:
            yield Server(name, started.url, contender.about, key)
        finally:
            started.stop()


def model_url(gateway: GatewayProcess) -> str:
    """The address of the llama.cpp server that a gateway runs."""
    sockets = gateway.model_process().net_connections(kind="tcp")
    port = next(one.laddr.port for one in sockets if one.status == psutil.CONN_LISTEN)
    return f"http://127.0.0.1:{port}"


def _litellm(folder: Path, url: str, key: str) -> Contender:
    installed = installs.litellm()
    config = folder / "litellm.yaml"
    config.write_text(_LITELLM.format(model=MODEL, url=url), "utf-8")
    return Contender(
        "litellm",
        f"litellm {installed.version}",
        (*installed.command, "--config", str(config), "--host", "127.0.0.1", "--port", "{port}", "--num_workers", "1"),
        "/health/readiness",
        # LITELLM_LOCAL_MODEL_COST_MAP: otherwise LiteLLM loads its price list from the network at each start.
        environment={"LITELLM_MASTER_KEY": key, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"},
    )


def _portkey(_: Path, url: str, __: str) -> Contender:
    # It has no configuration: each request names its provider, which the rows, made for any server, do not.
    added = {"x-portkey-provider": "openai", "x-portkey-custom-host": f"{url}/v1"}
    installed = installs.portkey()
    node, script = installed.command
    return Contender(
        "portkey",
        f"@portkey-ai/gateway {installed.version}",
        (node, "--import", ADDED_HEADERS.as_uri(), script, "--port={port}", "--headless"),
        "/",
        environment={"ADDED_HEADERS": json.dumps(added)},
    )


_FOREIGN: dict[str, Callable[[Path, str, str], Contender]] = {"litellm": _litellm, "portkey": _portkey}
"""Servers of other makers that ask a model's server: each from the folder for its files, that address, and a key."""
_ASKS_FOR_KEY = ("litellm",)
NAMES = ("gateway", "llamacpp", *_FOREIGN)
