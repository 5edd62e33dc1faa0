"""Values without secrets, as SQLite takes them."""

from __future__ import annotations

import json
import re
import sys
from array import array
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np

from keywords.engine.redaction.addresses import without_credentials
from keywords.engine.redaction.secrets import REDACTED, SECRETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from keywords.engine.store.schema import Kind, Table

_SECRET_FIELD = re.compile(r"(api[_-]?keys?|passwords?|passwd|secrets?|credentials?|authorization)$", re.IGNORECASE)
_MARK = REDACTED.decode()
_REMEMBERED = 1000
_AS_THEY_ARE: frozenset[Kind] = frozenset({"INTEGER", "REAL"})


def cleaner(kind: Kind) -> Callable[[Any], Any]:
    """What turns a value of this kind of column, other than None, into what SQLite takes.

    It is made anew for each batch: texts that repeat within one, such as names of classes, are searched once.
    """
    return _Texts().__getitem__ if kind == "TEXT" else _CLEANERS[kind]


def clean_rows(table: Table, rows: Iterable[Sequence[Any]]) -> Iterator[list[Any]]:
    """Rows as SQLite takes them.

    Raises:
        ValueError: a row has more or fewer values than the table has columns.
    """
    width = len(table.columns)
    cleaners = [
        (place, cleaner(column.kind)) for place, column in enumerate(table.columns) if column.kind not in _AS_THEY_ARE
    ]
    for row in rows:
        clean = list(row)
        if len(clean) != width:
            raise ValueError(f"{table.name} has {width} columns, and a row {len(clean)} values")
        for place, turn in cleaners:
            if clean[place] is not None:
                clean[place] = turn(clean[place])
        yield clean


class _Texts(dict[str, str]):
    """Cleaned texts of one batch, by what they were."""

    def __missing__(self, text: str) -> str:
        if len(self) >= _REMEMBERED:
            self.clear()
        self[text] = clean = clean_text(text)
        return clean


def clean_text(text: str) -> str:
    """The text with each known secret replaced by a mark; half characters, which UTF-8 lacks, become escapes."""
    if SECRETS.is_clean(text):
        return text
    data = text.encode("utf-8", "backslashreplace")
    return SECRETS.redact(data).decode("utf-8", "replace")


def clean_json(value: Any) -> str | None:
    """JSON without secrets; fields named as keys or passwords lose their text, known to be secret or not."""
    return None if value is None else json.dumps(_clean_tree(value), allow_nan=False)


def clean_url(url: str) -> str:
    """The address without user, password, query and fragment, each of which may hold a key."""
    try:
        parts = urlsplit(without_credentials(url))
    except ValueError:
        return clean_text(without_credentials(url))
    return clean_text(parts._replace(query="", fragment="").geturl())


def _clean_tree(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_text(str(name)): _clean_field(str(name), inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean_tree(inner) for inner in value]
    return value


def _clean_field(name: str, value: Any) -> Any:
    if isinstance(value, str) and value and _SECRET_FIELD.search(name):
        return _MARK
    return _clean_tree(value)


def _pack(values: array[int] | np.ndarray[Any, Any] | None) -> bytes | None:
    """Pack whole numbers; texts and bytes are refused, since a secret would not be found in them."""
    if values is None:
        return None
    if isinstance(values, array) and values.typecode == "I" and sys.byteorder == "little":
        return values.tobytes()
    if isinstance(values, (array, np.ndarray)):
        return np.asarray(values).astype("<u4", casting="unsafe", copy=False).tobytes()
    raise TypeError(f"an array of whole numbers is stored, not {type(values).__name__}")


def _same(value: Any) -> Any:
    return value


_CLEANERS: dict[str, Callable[[Any], Any]] = {
    "INTEGER": _same,
    "REAL": _same,
    "JSON": clean_json,
    "UINT32": _pack,
}
