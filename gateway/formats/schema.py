"""The base of all request models, and their common types."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, model_validator
from pydantic_core import PydanticCustomError

Bool = bool | None
Object = dict[str, Any]
# Only the first error is reported, and a body of 16 MiB may hold millions.
FAIL_FAST = Field(fail_fast=True)
NonEmptyText = Annotated[str, Field(min_length=1)]
OTHER = "<other>"
"""The tag of the union's member for every other `type`."""


class OpenModel(BaseModel):
    """An object that may have unknown keys, except those that differ from a known one only in case; strict types.

    Parsers in Go take `Messages` for `messages`, and the later of the two wins (`encoding/json`): such a key would
    reach the backend without validation.
    """

    model_config = ConfigDict(extra="allow", strict=True)
    _known_when_folded: ClassVar[dict[str, str]]

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        names = (field.alias or name for name, field in cls.model_fields.items())
        cls._known_when_folded = {name.casefold(): name for name in names}

    @model_validator(mode="after")
    def _check_unknown(self) -> Self:
        for key in self.model_extra or ():
            # Folded like in Go, which also folds the long s and the Kelvin sign.
            known = self._known_when_folded.get(key.casefold())
            if known is not None:
                raise invalid(
                    key,
                    f"differs from '{known}' only in case, and some backends take one for the other. "
                    f"Send '{known}' alone.",
                    code="ambiguous_key",
                )
        return self


def text_or(other: str, kind: type) -> Any:
    """A discriminator between a string and one other type: a wrong type gives one error, not one per type.

    Args:
        other: tag of the other member; the string's is `<text>`. Angle brackets distinguish tags from keys in the path
            of an error.
        kind: the other type.
    """

    def tag(value: Any) -> str | None:
        if isinstance(value, str):
            return "<text>"
        return other if isinstance(value, kind) else None

    return Discriminator(tag)


def by_type(*types: str) -> Any:
    """A discriminator by the key `type`: the tag `<type>` for each of these types, `OTHER` for all others."""
    tags = {kind: f"<{kind}>" for kind in types}

    def tag(value: Any) -> str:
        kind = value.get("type") if isinstance(value, dict) else None
        return tags.get(kind, OTHER) if isinstance(kind, str) else OTHER

    return Discriminator(tag)


def object_with(**fields: Any) -> dict[str, Any]:
    """The JSON schema of an object with fields of these schemas."""
    return {"type": "object", "properties": fields, "required": list(fields)}


def rule(given: dict[str, Any], then: dict[str, Any]) -> dict[str, Any]:
    """A rule between fields for the OpenAPI page, which a validator checks: what matches `given` must match `then`."""
    return {"if": given, "then": then}


NOT_NULL = {"not": {"type": "null"}}
"""The JSON schema of a field that is set."""


def missing(field: str, expected: str) -> PydanticCustomError:
    """The error of an object whose `field` is missing or null."""
    return PydanticCustomError("missing_field", "{expected}", {"field": field, "expected": expected})


def invalid(field: str, why: str, *, code: str = "invalid_value") -> PydanticCustomError:
    """The error of a field that contradicts others; `why` continues after its name, with the remedy."""
    return PydanticCustomError("invalid_pair", "{why}", {"field": field, "why": why, "code": code})
