"""What all tables of the configuration share."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(gt=0, le=86_400)]


class Section(BaseModel):
    """A table in which a misspelt key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def of_toml(cls, data: dict[str, Any]) -> Self:
        """The table in a file, where each value must have its own type; from a variable a text is taken for a number.

        Raises:
            ValidationError: something in it is wrong.
        """
        # As JSON, for in that a path may be a text and a tuple a list though types are strict.
        return cls.model_validate_json(json.dumps(data, default=_moment), strict=True)


def _moment(value: Any) -> str:
    """One of TOML's dates and times; a day without a time begins it."""
    return str(value) if isinstance(value, datetime) else f"{value}T00:00:00"
