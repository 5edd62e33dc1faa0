"""Lenient reading of what a package made of an answer: the packages check no types, and leave out what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from robot.api import logger

if TYPE_CHECKING:
    from collections.abc import Iterable


def part(value: Any, name: str, kind: type | tuple[type, ...], place: str) -> Any:
    """An attribute of what a package read.

    Args:
        value: an object of the package, or whatever came in its place.
        name: the attribute.
        kind: the types that it may have.
        place: what the message calls the attribute.

    Raises:
        AssertionError: it is missing, or of another type.
    """
    read = value.get(name) if isinstance(value, dict) else getattr(value, name, None)
    if not isinstance(read, kind) or isinstance(read, bool):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        expected = " or ".join(_WORDS.get(each, each.__name__) for each in kinds)
        raise AssertionError(f"{place} should be {expected}, got {read!r}")  # noqa: TRY004  # a defect of the answer
    return read


def model_ids(models: Iterable[object]) -> list[str]:
    """Log and return the ids of the models that a package lists, page by page.

    Raises:
        AssertionError: an id is missing, or no text.
    """
    ids = [part(model, "id", str, f"data[{number}].id") for number, model in enumerate(models)]
    logger.info(f"{len(ids)} models: {', '.join(ids)}")
    return ids


_WORDS = {str: "a text", list: "an array", int: "an integer", type(None): "null", object: "an object"}
