"""JSON Schemas of the register's files, by which editors complete and check them.

The first line of each file names its schema. `python -m keywords.traceability.register.schemas` writes them anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from keywords.traceability.register.bugs import Bug
from keywords.traceability.register.criteria import Criterion
from keywords.traceability.register.differences import Target
from keywords.traceability.register.families import Family
from keywords.traceability.register.requirements import Requirement
from keywords.traceability.register.risks import RegisteredRisk
from keywords.traceability.register.waivers import WaiverFile

FOLDER: Final = Path(__file__).resolve().parents[3] / "resources" / "register" / "schemas"
_TYPES: Final[dict[str, Any]] = {
    "requirements": list[Requirement],
    "risks": list[RegisteredRisk],
    "criteria": list[Criterion],
    "tags": list[Family],
    "waivers": WaiverFile,
    "bug": Bug,
    "target": Target,
}


def schemas() -> dict[str, str]:
    """The text of each schema, by the name of its file."""
    return {
        f"{name}.json": json.dumps({"$schema": _DIALECT, **TypeAdapter(type_).json_schema()}, indent=1) + "\n"
        for name, type_ in _TYPES.items()
    }


_DIALECT = "https://json-schema.org/draft/2020-12/schema"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file, text in schemas().items():
        (FOLDER / file).write_text(text, encoding="utf-8", newline="\n")
