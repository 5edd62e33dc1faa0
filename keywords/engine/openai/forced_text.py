"""Answers whose text the request decides: the schema of their JSON allows one text only.

So a row can compare an answer character by character, whatever the model would have said.
"""

from __future__ import annotations

import json
from typing import Any

from keywords.engine.http.exchange import parse_json

_KEY = "text"


def only_text(text: str) -> dict[str, Any]:
    """A `response_format` that allows one answer: a JSON object whose `text` is this one."""
    schema = {
        "type": "object",
        "properties": {_KEY: {"type": "string", "enum": [text]}},
        "required": [_KEY],
        "additionalProperties": False,
    }
    return {"type": "json_schema", "json_schema": {"name": "only_text", "strict": True, "schema": schema}}


def forced_text_defect(text: str, answer: str) -> str:
    """How an answer differs from the only one that its request allowed; empty if it does not.

    Args:
        text: the argument of `only_text`.
        answer: the text of the answer.
    """
    expected = json.dumps({_KEY: text}, ensure_ascii=False)
    try:
        said = parse_json(answer)
    except ValueError:
        return f"the schema allows the answer {expected} only, the answer is no JSON: {answer!r}"
    if said == {_KEY: text}:
        return ""
    return f"the schema allows the answer {expected} only, the answer is {answer!r}{_first_difference(text, said)}"


def _first_difference(text: str, said: object) -> str:
    got = said.get(_KEY) if isinstance(said, dict) else None
    if not isinstance(got, str):
        return ""
    at = next((at for at, (one, other) in enumerate(zip(text, got, strict=False)) if one != other), None)
    at = min(len(text), len(got)) if at is None else at
    return f"; from character {at} on it has {got[at:][:20]!r} instead of {text[at:][:20]!r}"
