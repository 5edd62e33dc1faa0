"""Records of a file, whose errors name file, line and field."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from keywords.engine.evaluation.items import DatasetError
from keywords.engine.http.exchange import parse_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path


LARGEST_BYTES = 256 * 10**6
"""Of a file: the largest public sets of these forms have some 100 MB, and all of it is held in memory."""

_LONGEST_PROBLEM = 300
"""Characters."""


class Record:
    """The fields of one item, or of an object within it.

    Args:
        path: the file.
        line: where the item begins, from 1.
        fields: by name.
        within: the names of the fields around, each with a dot behind.
    """

    def __init__(self, path: Path, line: int, fields: Mapping[str, Any], within: str = "") -> None:
        self._path = path
        self._line = line
        self._fields = fields
        self._within = within

    def __contains__(self, field: str) -> bool:
        return field in self._fields

    def error(self, field: str, problem: str, remedy: str) -> DatasetError:
        """The error of a field; a long problem, such as one that quotes the file, is shortened."""
        told = problem if len(problem) <= _LONGEST_PROBLEM else f"{problem[:_LONGEST_PROBLEM]}…"
        return DatasetError(f"{self._path}, line {self._line}, {self._within}{field}: {told}; {remedy}")

    def text(self, field: str) -> str:
        """A text that is not empty.

        Raises:
            DatasetError: there is none.
        """
        value = self._value(field)
        if not isinstance(value, str):
            raise self.error(field, f"it is {_kind(value)}", "write a text")
        if not value.strip():
            raise self.error(field, "it is empty", "write a text")
        if not _is_unicode(value):
            raise self.error(field, "it holds half a character, such as \\ud83d alone", "write the whole character")
        return value

    def texts(self, field: str, *, empty: bool = False) -> tuple[str, ...]:
        """A list of texts; an empty one only where that has a meaning.

        Raises:
            DatasetError: there is none.
        """
        values = self.items(field)
        wrong = [one for one in values if not isinstance(one, str) or not one.strip() or not _is_unicode(one)]
        if wrong or (not values and not empty):
            problem = "it is empty" if not values else f"it holds {json.dumps(wrong[0])[:60]}"
            raise self.error(field, problem, "write a list of texts")
        return tuple(values)

    def items(self, field: str) -> list[Any]:
        """A list of anything.

        Raises:
            DatasetError: there is none.
        """
        value = self._value(field)
        if not isinstance(value, list):
            raise self.error(field, f"it is {_kind(value)}", "write a list")
        return value

    def index(self, field: str) -> int:
        """A whole number from 0.

        Raises:
            DatasetError: there is none.
        """
        value = self._value(field)
        if type(value) is not int or value < 0:
            raise self.error(field, f"it is {json.dumps(value)[:60]}", "write the index of the right choice, from 0")
        return value

    def part(self, field: str) -> Record:
        """An object within this one.

        Raises:
            DatasetError: there is none.
        """
        value = self._value(field)
        if not isinstance(value, dict):
            raise self.error(field, f"it is {_kind(value)}", "write an object")
        return Record(self._path, self._line, value, f"{self._within}{field}.")

    def _value(self, field: str) -> Any:
        if self._fields.get(field) is None:
            raise self.error(field, f"it is missing, there are {', '.join(self._fields) or 'none'}", "add it")
        return self._fields[field]


def json_records(path: Path, text: str) -> Iterator[Record]:
    """The objects of a file of JSON lines, or of a `.json` file with one list.

    Raises:
        DatasetError: the file is something else.
    """
    if path.suffix == ".json":
        listed = _parse(path, 1, text)
        if not isinstance(listed, list):
            raise DatasetError(f"{path}: it holds {_kind(listed)}; write a list of objects, or JSON lines as .jsonl")
        for number, value in enumerate(listed, 1):
            yield _object(path, number, value, "item")
        return
    # Only line feeds end lines: a text may hold other separators that `splitlines` cuts at.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield _object(path, number, _parse(path, number, line), "line")


def csv_records(
    path: Path, text: str, *, columns: Sequence[str] | None = None, header_starts: Sequence[str] = ()
) -> Iterator[Record]:
    """The rows of a CSV file by RFC 4180.

    Args:
        path: the file.
        text: what it holds.
        columns: names of the columns of a file without a header; None if the file must have one.
        header_starts: a first line whose first field is one of these and names `Answer` is a header all the same.

    Raises:
        DatasetError: it is no CSV, or a row has more or fewer fields than columns.
    """
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    names, begins = columns, 1
    try:
        for row in rows:
            line, begins = begins, rows.line_num + 1
            if names is None or (line == 1 and row and row[0] in header_starts and "Answer" in row):
                names = row
                continue
            if not row:
                continue
            if len(row) != len(names):
                expected = ", ".join(name or "(index)" for name in names)
                raise DatasetError(f"{path}, line {line}: {len(row)} fields instead of {len(names)}; write {expected}")
            yield Record(path, line, dict(zip(names, row, strict=True)))
    except csv.Error as error:
        raise DatasetError(f"{path}, line {begins}: no CSV: {error}; quote texts as RFC 4180 says") from error


def read_bytes(path: Path) -> bytes:
    """What a file holds.

    Raises:
        DatasetError: it cannot be read, or is larger than any set of questions.
    """
    try:
        if path.exists() and not path.is_file():
            raise DatasetError(f"{path}: it is no file; name a file of items")
        if (size := path.stat().st_size) > LARGEST_BYTES:
            most = f"{LARGEST_BYTES / 1e6:.0f} MB"
            raise DatasetError(f"{path}: it has {size / 1e6:.0f} MB, at most {most} are read; split it")
        return path.read_bytes()
    except OSError as error:
        raise DatasetError(f"{path}: it cannot be read: {error.strerror}; name a file that is there") from error


def decoded(path: Path, data: bytes) -> str:
    """The text in the bytes of a file.

    Raises:
        DatasetError: they are not UTF-8.
    """
    try:
        # Line ends as they are: the CSV reader needs them.
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: byte {error.start} is not UTF-8; save it as UTF-8") from error


def _parse(path: Path, line: int, text: str) -> Any:
    try:
        return parse_json(text)
    except ValueError as error:
        raise DatasetError(f"{path}, line {line}: no JSON: {error}; write one object a line") from error


def _object(path: Path, number: int, value: Any, what: str) -> Record:
    if not isinstance(value, dict):
        raise DatasetError(f"{path}, {what} {number}: it is {_kind(value)}; write an object")
    return Record(path, number, value)


def _is_unicode(text: str) -> bool:
    """Whether a text can be sent and stored: JSON can name halves of characters, which UTF-8 cannot hold."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
