"""Installs a peer once, into a folder of its own, so that its dependencies never mix with this project's packages."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from keywords.engine.processes.node import cache_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

_INSTALL_S = 900


class NotInstalledError(Exception):
    """A peer is not installed and could not be fetched."""


def script(name: str) -> Path:
    """Where a Python environment keeps a command, relative to the environment."""
    return Path("Scripts" if sys.platform == "win32" else "bin", name)


def python_commands(*packages: str) -> list[list[str]]:
    """The commands that make a Python environment in `{home}` and install packages into it."""
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    make = [uv, "venv", "--quiet", "--python", sys.executable] if uv else [sys.executable, "-m", "venv"]
    fill = [uv, "pip", "install", "--quiet", "--python"] if uv else []
    python = str(Path("{home}") / script("python"))
    fill = [*fill, python] if uv else [python, "-m", "pip", "install", "--quiet"]
    return [[*make, "{home}"], [*fill, *packages]]


def installed(
    name: str, wanted: Path, *commands: list[str], movable: bool = True, files: Mapping[str, str] = MappingProxyType({})
) -> Path:
    """The folder that contains `wanted`; unless it exists, `commands` create it, with `{home}` replaced.

    An interrupted installation never counts: it is made in a temporary folder and renamed, or removed again.
    """
    home = cache_folder() / "peers" / name
    if (home / wanted).exists():
        return home
    home.parent.mkdir(parents=True, exist_ok=True)
    target = Path(tempfile.mkdtemp(prefix="install-", dir=home.parent)) if movable else home
    try:
        for file, content in files.items():
            (target / file).write_text(content, "utf-8")
        for command in commands:
            _run([word.replace("{home}", str(target)) for word in command])
        (target / wanted).stat()
        if movable:
            target.rename(home)
    except FileNotFoundError as error:
        raise NotInstalledError(f"{name} was installed, but has no {wanted}") from error
    finally:
        if target != home or not (home / wanted).exists():
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
