"""Evidence that a row saves by itself, beside what is collected for it anyway."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

from robot.api import logger
from robot.api.deco import keyword, library
from robot.libraries.BuiltIn import BuiltIn

from keywords.engine.evidence import COLLECTOR, folder_of_row
from keywords.engine.evidence_files import write_json

FILE_NAME = re.compile(r"[\w][\w .-]*")


@library(scope="GLOBAL", doc_format="MARKDOWN")
class EvidenceLibrary:
    """Save what a row wants to show: a health answer, a table of results, a chart.

    The requests of a row and their answers are saved without being asked for.
    """

    @keyword
    def save_evidence(self, name: str, value: Any) -> Path:
        """Save a value in the evidence folder of the running row.

        Args:
            name: the file's name. A name without an extension gets one: `.json`, or `.txt` for a text.
            value: text and bytes are saved as they are, an answer as its body, anything else as JSON.

        Returns:
            The file.

        Raises:
            ValueError: the name has characters other than letters, digits, spaces, dots, hyphens and underscores.

        ```robotframework
        Save Evidence    health    ${health}
        ```
        """
        if not FILE_NAME.fullmatch(name):
            raise ValueError(f"name: {name!r} cannot be a file's name; use letters, digits, spaces, dots and hyphens")
        folder = _folder()
        folder.mkdir(parents=True, exist_ok=True)
        plain = isinstance(value, str | bytes)
        path = folder / (name if Path(name).suffix else f"{name}.{'txt' if plain else 'json'}")
        if plain:
            path.write_bytes(COLLECTOR.redact(value if isinstance(value, bytes) else value.encode()))
        else:
            write_json(path, _plain(value), COLLECTOR.redact)
        logger.info(f"Saved {path.name} in {folder}")
        return path


def _folder() -> Path:
    """The folder of the running row, or of the suite while its setup or teardown runs."""
    get = BuiltIn().get_variable_value
    return folder_of_row(Path(get("${OUTPUT DIR}")), get("${SUITE NAME}"), get("${TEST NAME}") or "suite")


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return value
