"""Installation of the pinned Allure generator, once per user and lock file: 159 packages, 53 MB."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from keywords.engine.processes.node_packages import (
    PackageIntegrityError,
    PackagesUnavailableError,
    install_packages,
    installed_packages,
)

if TYPE_CHECKING:
    from pathlib import Path

    from keywords.engine.processes.node import Node

_CLI = "allure/cli.js"


class AllureUnavailableError(Exception):
    """The generator is not installed, and the npm registry cannot be reached."""


class AllureIntegrityError(Exception):
    """The npm registry sent a package that differs from the lock file."""


def installed_allure() -> Path:
    """The path of the installed generator's `cli.js`."""
    return installed_packages(resources.files(__package__)) / _CLI


def install_allure(node: Node) -> Path:
    """Install the generator with npm exactly by the lock file, unless it is installed.

    Returns:
        The generator's `cli.js`.

    Raises:
        AllureUnavailableError: npm could not fetch it.
        AllureIntegrityError: a package differs from the lock file.
    """
    try:
        return install_packages(node, resources.files(__package__), _CLI)
    except PackagesUnavailableError as err:
        raise AllureUnavailableError(f"the Allure page needs its generator, and {err}") from err
    except PackageIntegrityError as err:
        raise AllureIntegrityError(str(err)) from err
