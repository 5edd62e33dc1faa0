"""Installation of npm packages exactly by a lock file, once per user and lock file."""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from keywords.engine.processes.node import NPM_OPTIONS, cache_folder

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from keywords.engine.processes.node import Node

INSTALL_LIMIT_S = 300
LOCK = "package-lock.json"
_FILES = ("package.json", LOCK)


class PackagesUnavailableError(Exception):
    """The packages are not installed, and cannot be fetched now."""


class PackageIntegrityError(Exception):
    """The npm registry sent a package that differs from the lock file."""


def installed_packages(lock_folder: Traversable) -> Path:
    """The folder `node_modules` of a lock file, whether it is there or not; each lock file has its own.

    Args:
        lock_folder: holds `package.json` and `package-lock.json`.
    """
    digest = hashlib.sha256(lock_folder.joinpath(LOCK).read_bytes()).hexdigest()[:16]
    return cache_folder() / "node" / digest / "node_modules"


def install_packages(node: Node, lock_folder: Traversable, wanted: str) -> Path:
    """Install packages with npm exactly by a lock file, unless they are installed.

    They are installed into a temporary folder and then moved, so that an incomplete installation is never used.

    Args:
        node: the Node that brings npm.
        lock_folder: holds `package.json` and `package-lock.json`.
        wanted: a file in `node_modules` that is there once all is installed.

    Returns:
        The wanted file.

    Raises:
        PackagesUnavailableError: npm could not fetch them.
        PackageIntegrityError: a package differs from the lock file.
    """
    file = installed_packages(lock_folder) / wanted
    home = installed_packages(lock_folder).parent
    if file.is_file():
        return file
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise PackagesUnavailableError(
            f"{home.parent} cannot be made ({err.strerror}): let XDG_CACHE_HOME name a folder for them"
        ) from err
    with tempfile.TemporaryDirectory(prefix="install-", dir=home.parent, ignore_cleanup_errors=True) as scratch:
        made = Path(scratch, "made")
        made.mkdir()
        for name in _FILES:
            (made / name).write_bytes(lock_folder.joinpath(name).read_bytes())
        _npm_ci(node, made)
        try:
            made.rename(home)
        except OSError:
            # Another run has moved the same installation there first.
            if not file.is_file():
                raise
    return file


def _npm_ci(node: Node, folder: Path) -> None:
    command = [*node.npm, "ci", *NPM_OPTIONS]
    try:
        npm = subprocess.run(  # noqa: S603  # words from find_node and constants
            command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired as err:
        raise PackagesUnavailableError(f"npm did not end within {INSTALL_LIMIT_S} s; try again") from err
    if npm.returncode == 0:
        return
    lines = [line.removeprefix("npm error ") for line in npm.stderr.splitlines() if line.startswith("npm error ")]
    lines = [line for line in lines if line.startswith("request to ")] or [line for line in lines if "log" not in line]
    cause = "; ".join(lines) or f"exit code {npm.returncode}"
    if "EINTEGRITY" in npm.stderr:
        raise PackageIntegrityError(f"the npm registry sent a package that the lock file does not name: {cause}")
    raise PackagesUnavailableError(f"the npm registry is needed once; npm said: {cause}")
