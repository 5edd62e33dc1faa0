"""Files that other programs wrote, such as the logs of gateways, without secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from keywords.engine.redaction.secrets import Secrets


def redact_files(files: Iterable[Path], secrets: Secrets) -> None:
    """Replace every secret in files by a mark, once nobody writes to them any more.

    Raises:
        OSError: a file cannot be read or written.
    """
    for file in files:
        data = file.read_bytes()
        redacted = secrets.redact(data)
        if redacted != data:
            file.write_bytes(redacted)
