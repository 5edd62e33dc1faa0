"""Installation of the pinned Allure generator, once per user and lock file."""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from keywords.engine.processes.node import NPM_OPTIONS, cache_folder

if TYPE_CHECKING:
    from keywords.engine.processes.node import Node

INSTALL_LIMIT_S = 300
INSTALL_FILES = ("package.json", "package-lock.json")


class AllureUnavailableError(Exception):
    """The generator is not installed, and the npm registry cannot be reached."""


class AllureIntegrityError(Exception):
    """The npm registry sent a package that differs from the lock file."""


def installed_allure() -> Path:
    """The path of the installed generator's `cli.js`; each lock file has its own folder."""
    lock = resources.files(__package__).joinpath("package-lock.json").read_bytes()
    digest = hashlib.sha256(lock).hexdigest()[:16]
    return cache_folder() / "node" / digest / "node_modules" / "allure" / "cli.js"


def install_allure(node: Node) -> Path:
    """Install the generator with npm exactly by the lock file (159 packages, 53 MB), unless it is installed.

    It is installed into a temporary folder and then moved, so that an incomplete installation is never used.

    Returns:
        The generator's `cli.js`.

    Raises:
        AllureUnavailableError: npm could not fetch it.
        AllureIntegrityError: a package differs from the lock file.
    """
    cli = installed_allure()
    if cli.is_file():
        return cli
    home = cli.parents[2]
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise AllureUnavailableError(
            f"{home.parent} cannot be made ({err.strerror}): let XDG_CACHE_HOME name a folder for the Allure generator"
        ) from err
    with tempfile.TemporaryDirectory(prefix="install-", dir=home.parent, ignore_cleanup_errors=True) as scratch:
        made = Path(scratch, "made")
        made.mkdir()
        for name in INSTALL_FILES:
            content = resources.files(__package__).joinpath(name).read_bytes()
            (made / name).write_bytes(content)
        _npm_ci(node, made)
        try:
            made.rename(home)
        except OSError:
            # Another run has moved the same installation there first.
            if not cli.is_file():
                raise
    return cli


def _npm_ci(node: Node, folder: Path) -> None:
    command = [*node.npm, "ci", *NPM_OPTIONS]
    try:
        npm = subprocess.run(  # noqa: S603  # words from find_node and constants
            command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired as err:
        raise AllureUnavailableError(f"npm did not end within {INSTALL_LIMIT_S} s; try again") from err
    if npm.returncode == 0:
        return
    lines = [line.removeprefix("npm error ") for line in npm.stderr.splitlines() if line.startswith("npm error ")]
    lines = [line for line in lines if line.startswith("request to ")] or [line for line in lines if "log" not in line]
    cause = "; ".join(lines) or f"exit code {npm.returncode}"
    if "EINTEGRITY" in npm.stderr:
        raise AllureIntegrityError(f"the npm registry sent a package that the lock file does not name: {cause}")
    raise AllureUnavailableError(
        f"the Allure page needs the npm registry once, to install its generator; npm said: {cause}"
    )
