"""What the models of a chat request share."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Discriminator, Field
from pydantic_core import PydanticCustomError

Bool = bool | None
Object = dict[str, Any]
# Only the first fault is told, and a body of 16 MiB has room for millions of them.
FIRST = Field(fail_fast=True)
Text1 = Annotated[str, Field(min_length=1)]
OTHER = "<other>"
"""The tag of a union's member for every `type` that has no member of its own."""


class Open(BaseModel):
    """An object whose unknown keys pass; nothing in it is coerced."""

    model_config = ConfigDict(extra="allow", strict=True)


def text_or(other: str, kind: type) -> Any:
    """A discriminator between a string and one other type: a wrong type gives one error, not one per type.

    Args:
        other: the tag of the other member; the string's is `<text>`. Tags stand in angle brackets, so that the path of
            an error can be told from them.
        kind: the other type.
    """

    def tag(value: Any) -> str | None:
        if isinstance(value, str):
            return "<text>"
        return other if isinstance(value, kind) else None

    return Discriminator(tag)


def by_type(*types: str) -> Any:
    """A discriminator by the key `type`: `<type>` for those given, `OTHER` for whatever else there is."""
    tags = {kind: f"<{kind}>" for kind in types}

    def tag(value: Any) -> str:
        kind = value.get("type") if isinstance(value, dict) else None
        return tags.get(kind, OTHER) if isinstance(kind, str) else OTHER

    return Discriminator(tag)


def missing(field: str, expected: str) -> PydanticCustomError:
    """The error of an object that lacks `field`, or has null there."""
    return PydanticCustomError("missing_field", "{expected}", {"field": field, "expected": expected})


def invalid(field: str, why: str) -> PydanticCustomError:
    """The error of a field that does not fit the others; `why` goes on after its name, with the remedy."""
    return PydanticCustomError("invalid_pair", "{why}", {"field": field, "why": why})
