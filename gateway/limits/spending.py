"""What keys with a budget have used, kept beside the file of keys, so that a restart does not give it back."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

Spent = dict[str, tuple[int, float]]


def path_beside(keys_file: Path) -> Path:
    """Where the spending of the keys in a file stands."""
    return keys_file.with_name(f"{keys_file.name}.spent.json")


def load(path: Path) -> Spent:
    """Tokens and USD by the key's name; empty if there is no file yet.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not what `save` writes.
    """
    if not path.exists():
        return {}
    try:
        entries = json.loads(path.read_text("utf-8"))
        return {str(name): (int(entry["tokens"]), float(entry["usd"])) for name, entry in entries.items()}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is damaged") from error


def save(path: Path, spent: Spent) -> None:
    """Replace the file in one step.

    Raises:
        OSError: it cannot be written.
    """
    text = json.dumps({name: {"tokens": tokens, "usd": usd} for name, (tokens, usd) in spent.items()}, indent=1)
    file = tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.", delete=False)  # noqa: SIM115  # below
    try:
        with file:
            file.write(text + "\n")
        Path(file.name).replace(path)
    except OSError:
        # On a full disk, each further try would leave one more behind.
        Path(file.name).unlink(missing_ok=True)
        raise
