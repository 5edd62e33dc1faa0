"""Tables of evaluation in the store of measurements: items, answers, marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keywords.engine.store.schema import RUN, Column, Room, Table

if TYPE_CHECKING:
    import sqlite3

_ITEM = Column("item", "TEXT", "id of the item within its set", required=True)
_DRAW = Column("draw", "INTEGER", "number of the answer to this item, from 0", required=True)
_ROTATION = Column("rotation", "INTEGER", "places by which the choices were turned", required=True)

ITEMS = Table(
    "evaluation_items",
    (
        RUN,
        _ITEM,
        Column("position", "INTEGER", "in the file, from 1", required=True),
        Column("question", "TEXT", "the question alone", required=True),
        Column("context", "TEXT", "the text that it is about; empty without one", required=True),
        Column("accepted", "JSON", "list of accepted answers; empty if the question has none", required=True),
        Column("choices", "JSON", "list of choices before they were turned; empty without any", required=True),
        Column("right_choice", "INTEGER", "index of the right one; null without choices"),
        Column("wrong", "JSON", "list of answers known to be wrong", required=True),
    ),
    key=("run", "item"),
)
ANSWERS = Table(
    "evaluation_answers",
    (
        RUN,
        _ITEM,
        _DRAW,
        _ROTATION,
        Column("request", "TEXT", "body as sent", required=True),
        Column("cache_key", "TEXT", "sha256 of server, address, body and draw", required=True),
        Column("failure", "TEXT", "why no reply came; null if one did"),
        Column("detail", "TEXT", "the failure in words", required=True),
        Column("reply", "TEXT", "the model's text; null if no reply came"),
        Column("first_token", "JSON", "log probabilities of candidates; null if the server gave none"),
        Column("finish_reason", "TEXT", "as the server gave it"),
        Column("completion_tokens", "INTEGER", "as the server counts them"),
        Column("total_s", "REAL", "seconds from sending to the end of the answer", required=True),
        Column("cached", "INTEGER", "1 if an earlier run's answer was taken and nothing asked", required=True),
        Column("refused", "INTEGER", "1 if the server calls the reply a refusal; null without one or before version 2"),
        Column("answered_by", "TEXT", "model that the answer names; null without one or before version 2"),
    ),
    key=("run", "item", "draw", "rotation"),
)
MARKS = Table(
    "evaluation_marks",
    (
        RUN,
        _ITEM,
        _DRAW,
        _ROTATION,
        Column("scorer", "TEXT", "by its name", required=True),
        Column(
            "scorer_digest",
            "TEXT",
            "sha256 of the code that decided; with another one it is stale",
            required=True,
        ),
        Column("outcome", "TEXT", "correct, wrong, format failure, abstained, refused, transport error", required=True),
        Column("value", "REAL", "0 to 1", required=True),
        Column("extracted", "TEXT", "what was taken for the answer; null if nothing was"),
    ),
    key=("run", "item", "draw", "rotation", "scorer"),
)


def _add_what_servers_say(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE evaluation_answers ADD COLUMN refused INTEGER")
    connection.execute("ALTER TABLE evaluation_answers ADD COLUMN answered_by TEXT")


ROOM = Room("evaluation", version=2, tables=(ITEMS, ANSWERS, MARKS), migrations={2: _add_what_servers_say})
