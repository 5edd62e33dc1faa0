"""The catalogue of evaluation sets: which files, how they are asked and marked, verified by their digest."""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from keywords.engine.evaluation.formats import LETTERS, read_items
from keywords.engine.evaluation.items import DatasetError, Form, Item
from keywords.engine.evaluation.records import decoded, read_bytes

if TYPE_CHECKING:
    from pathlib import Path

CATALOGUE = "sets.yaml"
SHORT_DIGEST = 12
"""Characters of a digest that a sentence shows."""


class Example(BaseModel):
    """A question with its answer, put before each question of a set as an earlier turn."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    question: str = Field(min_length=1)
    answer: str = Field(min_length=1)
    context: str = ""
    choices: list[str] = Field(default=[], max_length=len(LETTERS))


class SetSettings(BaseModel):
    """One set of the catalogue.

    Attributes:
        name: by which commands and rows call it.
        title: the same for readers.
        file: its file, beside the catalogue.
        form: the public form of that file.
        version: raised with each change of the items, or of how they are asked.
        sha256: of the file's bytes.
        scorer: the scorer that marks it.
        max_tokens: upper bound of an answer, in tokens.
        system: the system message.
        examples: earlier turns.
        note: what its author says of it.
        measured: scores of each version on the embedded model; written after the items.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    title: str = Field(min_length=1)
    file: str = Field(min_length=1)
    form: Form
    version: int = Field(ge=1)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    scorer: str = Field(min_length=1)
    max_tokens: int = Field(ge=1)
    system: str = ""
    examples: list[Example] = []
    note: str = Field(min_length=1)
    measured: str = ""


@dataclass(frozen=True)
class EvaluationSet:
    """A set that is ready to be asked.

    Attributes:
        settings: its line in the catalogue.
        path: the file that was read: its own, or one that a user put in its place.
        sha256: of that file's bytes.
        items: in the order of the file.
        is_whole: whether these are all items of the file.
    """

    settings: SetSettings
    path: Path
    sha256: str
    items: tuple[Item, ...]
    is_whole: bool = True

    @cached_property
    def is_own(self) -> bool:
        """Whether these are the project's own items."""
        return self.sha256 == self.settings.sha256

    @property
    def label(self) -> str:
        """Its name and version, or the file in its place, with the count of items and the digest's beginning."""
        name = f"{self.settings.name} v{self.settings.version}" if self.is_own else f"{self.path.name}"
        return f"{name} ({len(self.items)} items, sha256 {self.sha256[:SHORT_DIGEST]}…)"

    @property
    def identity(self) -> str:
        """What two runs must share to be compared item by item: the digest of the items."""
        return self.sha256


class Catalogue:
    """All sets of a folder.

    Args:
        folder: holds `sets.yaml` and the files.

    Raises:
        DatasetError: the catalogue is missing or faulty.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = folder / CATALOGUE
        try:
            listed = yaml.safe_load(decoded(path, read_bytes(path)))
        except yaml.YAMLError as error:
            raise DatasetError(f"{path}: no YAML: {error}") from error
        if not isinstance(listed, list):
            raise DatasetError(f"{path}: it must hold a list of sets")
        self.sets = {settings.name: settings for settings in (_settings(path, one) for one in listed)}
        if len(self.sets) < len(listed):
            raise DatasetError(f"{path}: a name stands twice; give each set a name of its own")

    def load(self, name: str, file: Path | None = None, limit: int | None = None) -> EvaluationSet:
        """Read and verify a set.

        Args:
            name: of the set.
            file: a file of the same form, to be asked and marked in its place; its digest is not verified but told.
            limit: the first so many items only; all if left out.

        Raises:
            DatasetError: there is no such set, its file is faulty, or has changed since its digest was taken.
        """
        settings = self.sets.get(name)
        if settings is None:
            near = difflib.get_close_matches(name, self.sets, 1)
            hint = f"do you mean {near[0]}?" if near else f"there are {', '.join(self.sets)}"
            raise DatasetError(f"there is no set {name!r}: {hint}")
        path = file or self.folder / settings.file
        data = read_bytes(path)  # once: a file that changes meanwhile must not get the digest of other items
        items = read_items(path, settings.form, data)
        digest = hashlib.sha256(data).hexdigest()
        if file is None and digest != settings.sha256:
            raise DatasetError(
                f"{path}: the items are not those of version {settings.version}: their sha256 is {digest}; "
                f"raise `version` and enter it as `sha256` of {name} in {self.folder / CATALOGUE}"
            )
        if limit is not None and limit < 1:
            raise DatasetError(f"limit: {limit} items are none; ask for at least 1")
        return EvaluationSet(settings, path, digest, items[:limit], is_whole=limit is None or limit >= len(items))


def _settings(path: Path, fields: object) -> SetSettings:
    try:
        return SetSettings.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        name = fields.get("name") if isinstance(fields, dict) else None
        place = ".".join(str(part) for part in first["loc"])
        raise DatasetError(f"{path}, set {name}, {place}: {first['msg']}") from None
