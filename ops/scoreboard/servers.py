"""The servers of the scoreboard: each stands before the llama.cpp server that this project's gateway runs."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from keywords.engine.processes.gateway import start_gateway
from ops.bench.race import installs
from ops.bench.race.contenders import Contender
from ops.bench.race.running import Running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from keywords.engine.processes.gateway import GatewayProcess

READY_WITHIN_S = 120
MODEL = "smollm2-135m-instruct"
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
        key: the key that it asks for; empty if it asks for none.
    """

    name: str
    url: str
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
        name: `gateway`, `llamacpp` or `litellm`.
        gateway: the running gateway.
        folder: for logs and configurations.

    Raises:
        NotInstalledError: the server is not installed and could not be fetched.
        NotStartedError: it does not get ready.
    """
    if name == "gateway":
        yield Server(name, gateway.url, gateway.api_key)
    elif name == "llamacpp":
        yield Server(name, model_url(gateway))
    else:
        key = f"sk-{secrets.token_hex(16)}"
        started = Running(_litellm(folder, model_url(gateway), key), folder / "litellm.log")
        try:
            yield Server(name, started.url, key)
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
        f"LiteLLM proxy {installed.version}",
        (*installed.command, "--config", str(config), "--host", "127.0.0.1", "--port", "{port}", "--num_workers", "1"),
        "/health/readiness",
        # LITELLM_LOCAL_MODEL_COST_MAP: otherwise LiteLLM loads its price list from the network at each start.
        environment={"LITELLM_MASTER_KEY": key, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"},
    )
