"""Installs each peer once, into a separate folder, so that its dependencies never mix with this project's packages."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from keywords.engine.processes.node import NPM_OPTIONS, NodeUnavailableError, cache_folder, find_node

if TYPE_CHECKING:
    from collections.abc import Mapping

# The targets were set against these versions.
PORTKEY = "1.15.2"
# With a later one every stream through Portkey fails (github.com/Portkey-AI/gateway/issues/1389).
_HONO = "1.14.1"
LITELLM = "1.106.2"
_INSTALL_S = 900


class NotInstalledError(Exception):
    """A peer is not installed and could not be fetched."""


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
    script = Path("node_modules", "@portkey-ai", "gateway", "build", "start-server.js")
    install = [*node.npm, "install", *NPM_OPTIONS, "--prefix", "{home}"]
    home = _installed(f"portkey-{PORTKEY}-{_HONO}", script, install, files={"package.json": json.dumps(package)})
    installed = json.loads((home / script.parent.parent / "package.json").read_text("utf-8"))
    return Installed((node.command, str(home / script)), installed["version"])


def litellm() -> Installed:
    """LiteLLM's proxy, from the package index.

    Raises:
        NotInstalledError: the installation failed.
    """
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    make = [uv, "venv", "--quiet", "--python", sys.executable] if uv else [sys.executable, "-m", "venv"]
    fill = [uv, "pip", "install", "--quiet", "--python"] if uv else []
    script = Path("Scripts" if sys.platform == "win32" else "bin", "litellm")
    python = str(Path("{home}", script.parent, "python"))
    fill = [*fill, python] if uv else [python, "-m", "pip", "install", "--quiet"]
    home = _installed(
        f"litellm-{LITELLM}", script, [*make, "{home}"], [*fill, f"litellm[proxy]=={LITELLM}"], movable=False
    )
    return Installed((str(home / script),), LITELLM)


def _installed(
    name: str, script: Path, *commands: list[str], movable: bool = True, files: Mapping[str, str] = MappingProxyType({})
) -> Path:
    """The folder that contains `script`; unless it exists, `commands` create it, with `{home}` replaced.

    An interrupted installation never counts: it is made in a temporary folder and renamed, or removed again.
    """
    home = cache_folder() / "race" / name
    if (home / script).exists():
        return home
    home.parent.mkdir(parents=True, exist_ok=True)
    target = Path(tempfile.mkdtemp(prefix="install-", dir=home.parent)) if movable else home
    try:
        for file, content in files.items():
            (target / file).write_text(content, "utf-8")
        for command in commands:
            _run([word.replace("{home}", str(target)) for word in command])
        (target / script).stat()
        if movable:
            target.rename(home)
    except FileNotFoundError as error:
        raise NotInstalledError(f"{name} was installed, but has no {script}") from error
    finally:
        if target != home or not (home / script).exists():
            shutil.rmtree(target, ignore_errors=True)
    return home


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_S, check=False)  # noqa: S603  # a fixed command
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotInstalledError(f"{Path(command[0]).name} could not install it: {error}") from error
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise NotInstalledError(f"{Path(command[0]).name} could not install it: {'; '.join(lines[-3:])}")
