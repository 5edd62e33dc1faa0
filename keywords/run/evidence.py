"""Evidence that a row saves explicitly, beside the exchanges that are collected for it."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.http.exchange import Exchange
from keywords.engine.redaction.secrets import SECRETS
from keywords.run.output_folder import evidence_folder

FILE_NAME = re.compile(r"[^\W\d_][\w .-]*")
RESERVED = {"row.json", "index.html", "curl.sh", "README.md", "MANIFEST.sha256"}
"""Files that the listener writes after the row. Names of exchanges begin with a digit."""


@library(scope="GLOBAL", doc_format="MARKDOWN")
class EvidenceLibrary:
    """Save what a row wants to show: a health answer, a table of results, a chart.

    Requests and answers are saved automatically.
    """

    @keyword
    def save_evidence(self, name: str, value: Any) -> Path:
        """Save a value in the evidence folder of the running row, or of the suite whose setup or teardown runs.

        Args:
            name: the file's name. A name without an extension gets one: `.json` if the content is JSON, else `.txt`.
            value: text and bytes are saved as they are, an answer of any client as its body, anything else as JSON.

        Returns:
            The file.

        Raises:
            ValueError: the name cannot be a file's name, or is a reserved one.

        ```robotframework
        Save Evidence    health    ${health}
        ```
        """
        if not FILE_NAME.fullmatch(name) or name in RESERVED:
            remedy = "begin with a letter and go on with letters, digits, spaces, dots, hyphens and underscores"
            raise ValueError(f"name: {name!r} cannot be used; {remedy}, and use none of {', '.join(sorted(RESERVED))}")
        if SECRETS.clean(name) != name:
            raise ValueError("name: a secret stands in it, and names of files are shown; choose another one")
        content = SECRETS.redact(_content(value))
        folder = evidence_folder()
        path = folder / (name if Path(name).suffix else f"{name}.{'json' if _is_json(content) else 'txt'}")
        path.write_bytes(content)
        logger.info(f"Saved {path.name} in {folder}")
        return path


def _content(value: Any) -> bytes:
    value = getattr(value, "exchange", value)
    if isinstance(value, Exchange):
        return value.body
    # An answer of RequestsLibrary carries its body under this name.
    value = getattr(value, "content", value)
    if isinstance(value, str | bytes):
        return value if isinstance(value, bytes) else value.encode("utf-8", "backslashreplace")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = dataclasses.asdict(value)
    return json.dumps(value, indent=2, ensure_ascii=False, default=str).encode("utf-8", "backslashreplace")


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        return False
    return True
