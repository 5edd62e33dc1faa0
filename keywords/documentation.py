"""`qa docs`: one page for each keyword library."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import subprocess
import sys
from typing import TYPE_CHECKING

import keywords

if TYPE_CHECKING:
    from pathlib import Path

LIBRARY = "ROBOT_AUTO_KEYWORDS"
"""Robot's `@library` leaves this attribute on the classes that it decorates."""


def libraries() -> list[str]:
    """Import names of all keyword libraries, such as `keywords.chat.ChatLibrary`."""
    found = []
    for module in pkgutil.iter_modules(keywords.__path__, "keywords."):
        if not module.ispkg:
            for name, value in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
                if value.__module__ == module.name and LIBRARY in vars(value):
                    found.append(f"{module.name}.{name}")
    return found


def write_documentation(to: Path) -> list[Path]:
    """Write Libdoc's page of each library.

    Args:
        to: the folder for the pages.

    Raises:
        subprocess.CalledProcessError: Libdoc refused a library; its message stands on standard error.
    """
    to.mkdir(parents=True, exist_ok=True)
    pages = []
    for library in libraries():
        page = to / f"{library.split('.')[1]}.html"
        subprocess.run([sys.executable, "-m", "robot.libdoc", "--quiet", library, str(page)], check=True)  # noqa: S603
        pages.append(page)
    return pages
