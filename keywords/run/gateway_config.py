"""Configurations of gateways that keywords write."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import tomli_w
from robot.api import logger

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def write_config(path: Path, tables: Mapping[str, Any]) -> Path:
    """Write tables into a file as TOML, log it, and return the file."""
    path.write_text(tomli_w.dumps(tables), "utf-8", newline="\n")
    logger.info(path.read_text("utf-8"))
    return path


def add_table(path: Path, name: str, settings: Mapping[str, Any]) -> None:
    """Add a table to a configuration.

    Args:
        path: the file, which must not have the table yet.
        name: the table's name as TOML writes it, with points between its parts.
        settings: the table's settings.
    """
    innermost = tables = tomllib.loads(f"[{name}]")
    while innermost:
        (innermost,) = innermost.values()
    innermost.update(settings)
    # Appended, so that a gateway which reads the file meanwhile never sees the rest of it gone.
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(f"\n{tomli_w.dumps(tables)}")
