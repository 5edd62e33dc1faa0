"""Installs each peer once, into a separate folder, so that its dependencies never mix with this project's packages."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from keywords.engine.processes.node import NPM_OPTIONS, NodeUnavailableError, find_node
from ops.bench.installing import NotInstalledError, installed, python_commands, script

# The targets were set against these versions.
PORTKEY = "1.15.2"
# With a later one every stream through Portkey fails (github.com/Portkey-AI/gateway/issues/1389).
_HONO = "1.14.1"
LITELLM = "1.106.2"


@dataclass(frozen=True, slots=True)
class Installed:
    """An installed peer.

    Attributes:
        command: the start command.
        version: the version of its package.
    """

    command: tuple[str, ...]
    version: str


def portkey() -> Installed:
    """Portkey's gateway, from the npm registry.

    Raises:
        NotInstalledError: there is no Node, or the installation failed.
    """
    try:
        node = find_node()
    except NodeUnavailableError as error:
        raise NotInstalledError(str(error)) from error
    package = {"dependencies": {"@portkey-ai/gateway": PORTKEY}, "overrides": {"@hono/node-server": _HONO}}
    wanted = Path("node_modules", "@portkey-ai", "gateway", "build", "start-server.js")
    install = [*node.npm, "install", *NPM_OPTIONS, "--prefix", "{home}"]
    home = installed(f"portkey-{PORTKEY}-{_HONO}", wanted, install, files={"package.json": json.dumps(package)})
    package = json.loads((home / wanted.parent.parent / "package.json").read_text("utf-8"))
    return Installed((node.command, str(home / wanted)), package["version"])


def litellm() -> Installed:
    """LiteLLM's proxy, from the package index.

    Raises:
        NotInstalledError: the installation failed.
    """
    wanted = script("litellm")
    home = installed(f"litellm-{LITELLM}", wanted, *python_commands(f"litellm[proxy]=={LITELLM}"), movable=False)
    return Installed((str(home / wanted),), LITELLM)
