"""Declarations of tables: each room declares its own, in a module of its own.

    ROOM = Room("load", version=1, tables=(SAMPLES,))

A change of a table raises the room's version and adds the step that migrates older files.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping

Kind = Literal["INTEGER", "REAL", "TEXT", "JSON", "UINT32"]
"""What a column holds: a whole number or a truth value; a number; a text; what JSON can write; an array of whole
numbers from 0 to 2^32 - 1, packed little-endian."""

_SQL_TYPES: Mapping[Kind, str] = {
    "INTEGER": "INTEGER",
    "REAL": "REAL",
    "TEXT": "TEXT",
    "JSON": "TEXT",
    "UINT32": "BLOB",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Attributes:
        name: in the field's words.
        kind: what it holds.
        meaning: what it says, with its unit; `sqlite3 … .schema` shows it.
        required: whether every row has a value.
    """

    name: str
    kind: Kind
    meaning: str
    required: bool = False


RUN = Column("run", "INTEGER", "id in runs", required=True)
"""The first column of every table of samples."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes:
        name: plural; unique in the store.
        columns: in the order of a row's values.
        key: columns that tell a row from all others; rows with the same key replace each other in `Store.replace`.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    def create_statements(self) -> tuple[str, ...]:
        """The statements that create the table, and the index that finds a run's rows."""
        lines = []
        for number, column in enumerate(self.columns, 1):
            rule = " NOT NULL" if column.required else ""
            if column is RUN:
                rule += " REFERENCES runs (id)"
            more = "," if number < len(self.columns) or self.key else ""
            lines.append(f"    {column.name} {_SQL_TYPES[column.kind]}{rule}{more}  -- {column.meaning}\n")
        if self.key:
            lines.append(f"    PRIMARY KEY ({', '.join(self.key)})\n")
        create = f"CREATE TABLE {self.name} (\n{''.join(lines)})"
        if RUN not in self.columns or self.key[:1] == (RUN.name,):
            return (create,)
        return create, f"CREATE INDEX {self.name}_of_run ON {self.name} (run)"

    def column(self, name: str) -> Column:
        """The column of this name.

        Raises:
            KeyError: there is none.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name}")


@dataclass(frozen=True, slots=True)
class Room:
    """The tables of one part of the engine, with a version of their own.

    Attributes:
        name: of the part, such as `load`.
        version: from 1.
        tables: as they are in this version.
        migrations: for each version from 2 on, the step that brings the tables there from the version before; it runs
            within a transaction and neither commits nor begins one.
    """

    name: str
    version: int
    tables: tuple[Table, ...]
    migrations: Mapping[int, Callable[[sqlite3.Connection], None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if set(self.migrations) != set(range(2, self.version + 1)):
            raise ValueError(f"room {self.name} of version {self.version} needs a migration for each version from 2 on")
