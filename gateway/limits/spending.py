"""Spending of keys with a budget, kept in a file beside the key file so that it outlives a restart."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

Spent = dict[str, tuple[int, float]]


def path_beside(keys_file: Path) -> Path:
    """The spending file of a key file."""
    return keys_file.with_name(f"{keys_file.name}.spent.json")


def load(path: Path) -> Spent:
    """Load tokens and USD by the key's name; empty if there is no file yet.

    Raises:
        OSError: the file cannot be read.
        ValueError: it was not written by `save`.
    """
    if not path.exists():
        return {}
    if not path.is_file():
        # A pipe or a device may be silent or endless.
        raise ValueError(f"{path} is no regular file")
    try:
        entries = json.loads(path.read_text("utf-8"))
        return {str(name): (int(entry["tokens"]), float(entry["usd"])) for name, entry in entries.items()}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is damaged") from error


def save(path: Path, spent: Spent) -> None:
    """Replace the file atomically.

    Raises:
        OSError: the file cannot be written.
    """
    text = json.dumps({name: {"tokens": tokens, "usd": usd} for name, (tokens, usd) in spent.items()}, indent=1)
    file = tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.", delete=False)  # noqa: SIM115  # below
    try:
        with file:
            file.write(text + "\n")
        Path(file.name).replace(path)
    except OSError:
        # On a full disk, every save would leave one more temporary file behind.
        Path(file.name).unlink(missing_ok=True)
        raise
