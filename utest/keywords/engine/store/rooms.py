"""A room of the tests, in two versions."""

from keywords.engine.store.schema import RUN, Column, Room, Table

POINTS = Table(
    "points",
    (
        RUN,
        Column("at", "REAL", "seconds"),
        Column("name", "TEXT", "of the point"),
        Column("facts", "JSON", "further ones"),
        Column("gaps", "UINT32", "microseconds"),
    ),
)
ROOM = Room("test", version=1, tables=(POINTS,))
COUNTS = Table(
    "counts", (RUN, Column("count", "INTEGER", "of points"), Column("name", "TEXT", "of the point", required=True))
)
ROOM_OF_COUNTS = Room("counts", version=1, tables=(COUNTS,))
WIDE = Table("points", (*POINTS.columns, Column("height", "REAL", "metres")))


def widen(connection):
    connection.execute("ALTER TABLE points ADD COLUMN height REAL")
    connection.execute("UPDATE points SET height = 7")


ROOM_2 = Room("test", version=2, tables=(WIDE,), migrations={2: widen})


def fill(store):
    """Let SQLite refuse to make the file larger, as on a full disk."""
    ((pages,),) = list(store.query("PRAGMA page_count"))
    list(store.query(f"PRAGMA max_page_count = {pages}"))
