"""Names of variables that are one slip away from a known one: Robot would set them, and nothing would read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

DEFAULTS = "variables/defaults.yaml"
"""File with the known names, relative to the folder that holds the suites."""
TARGET_NAMES = ("GATEWAY_URL", "GATEWAY_API_KEY", "MODEL", "KEY")
"""Names that say what is tested, wherever they are set."""


def known_names(source: Path | None) -> set[str]:
    """The names that the suites read: those of the target, and those of the nearest file of defaults above a suite.

    Raises:
        OSError: the file of defaults cannot be read.
        yaml.YAMLError: it is not YAML.
    """
    files = (folder / DEFAULTS for folder in source.parents) if source else iter(())
    file = next((file for file in files if file.is_file()), None)
    return {*TARGET_NAMES, *(yaml.safe_load(file.read_text(encoding="utf-8")) or () if file else ())}


def misspelt(names: Iterable[str], known: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each name that is not known and one slip away from a known one, with that one.

    A slip is a character too many, too few or wrong, or two that changed places. As for Robot, case, spaces and
    underscores make no difference.
    """
    meant = {_normal(name): name for name in known}
    for name in names:
        written = _normal(name)
        if written not in meant and (near := next((one for one in meant if _is_one_slip(written, one)), None)):
            yield name, meant[near]


def _normal(name: str) -> str:
    return name.replace("_", "").replace(" ", "").upper()


def _is_one_slip(left: str, right: str) -> bool:
    same = next((place for place, pair in enumerate(zip(left, right, strict=False)) if len(set(pair)) > 1), None)
    place = min(len(left), len(right)) if same is None else same
    rest, other = left[place:], right[place:]
    return (
        rest[1:] == other[1:]  # wrong
        or rest[1:] == other  # too many
        or rest == other[1:]  # too few
        or (rest[:2] == other[:2][::-1] and rest[2:] == other[2:])  # changed places
    )
