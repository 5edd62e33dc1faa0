"""What all tables of the configuration share."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(gt=0, le=86_400)]


class Section(BaseModel):
    """A table of the configuration; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def of_toml(cls, data: dict[str, Any]) -> Self:
        """Validate a table of a file with strict types; only a variable may hold a number as text.

        Raises:
            ValidationError: a value or a key is invalid.
        """
        # In JSON mode, strict types still accept a string for a path and a list for a tuple.
        return cls.model_validate_json(json.dumps(data, default=_iso_time), strict=True)


def _iso_time(value: Any) -> str:
    """A TOML date or time in ISO 8601; a date alone means its midnight."""
    return str(value) if isinstance(value, datetime) else f"{value}T00:00:00"
