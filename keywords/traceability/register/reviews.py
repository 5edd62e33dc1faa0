"""Reviews: the text of a requirement, as a fingerprint, that each of its rows was last read against."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from keywords.traceability.register.yaml_file import RegisterError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from keywords.traceability.register.requirements import Requirement

DIGITS = 16
"""Hexadecimal digits of a fingerprint; 64 bits tell the texts of one register apart."""
Reviews = dict[str, dict[str, str]]
"""Fingerprints by requirement and by the name of the row."""


def fingerprint(requirement: Requirement) -> str:
    """The beginning of the SHA-256 of a requirement's title and text, in which white space does not count."""
    words = f"{requirement.title}\n{requirement.text}"
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS]


def load_reviews(path: Path) -> Reviews:
    """Read the lock file; without one nothing has been reviewed.

    Raises:
        RegisterError: it is not what `qa review` writes.
    """
    try:
        data = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as err:
        raise RegisterError([f"{path}: the reviews cannot be read: {err}; restore the file from Git"]) from err
    if not isinstance(data, dict) or not all(_is_texts(rows) for rows in data.values()):
        raise RegisterError([f"{path}: these are no reviews; restore the file from Git, or run `qa review --all`"])
    return data


def save_reviews(path: Path, reviews: Mapping[str, Mapping[str, str]]) -> None:
    """Write the lock file, a line for each row, in the order of the names, so that a commit shows what was reviewed."""
    sorted_ = {id_: dict(sorted(rows.items())) for id_, rows in sorted(reviews.items()) if rows}
    path.write_text(json.dumps(sorted_, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")


def _is_texts(rows: object) -> bool:
    return isinstance(rows, dict) and all(isinstance(value, str) for value in rows.values())
