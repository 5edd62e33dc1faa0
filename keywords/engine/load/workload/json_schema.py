"""JSON Schema of workload files, for editors: `python -m keywords.engine.load.workload.json_schema` writes it.

An editor with a YAML language server completes and checks a file that begins with

    # yaml-language-server: $schema=workload.schema.json
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from keywords.engine.load.workload.schema import Workload

PLACE: Final = Path(__file__).resolve().parents[4] / "resources" / "workloads" / "workload.schema.json"


def schema_text() -> str:
    """The schema as it stands in the file."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Workload.model_json_schema()}
    # pydantic's keys of generic parts hold all of their arguments; their titles are short.
    titles = {key: part.get("title", key) for key, part in schema["$defs"].items()}
    schema["$defs"] = {titles[key]: part for key, part in schema["$defs"].items()}
    text = json.dumps(schema, indent=2, sort_keys=True) + "\n"
    for key, title in titles.items():
        text = text.replace(f'"#/$defs/{key}"', f'"#/$defs/{title}"')
    return text


if __name__ == "__main__":
    PLACE.write_text(schema_text(), encoding="utf-8", newline="\n")
