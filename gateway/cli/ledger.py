"""`gateway ledger`: show the rows of the ledger as tables."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path  # typer reads the annotations at run time
from typing import Annotated, Any

import typer

from gateway.config.problems import ConfigError

app = typer.Typer(help="The request ledger.", no_args_is_help=True)

_FileOption = Annotated[Path | None, typer.Option("--file", help="The ledger; else ledger.path of the configuration.")]
_ConfigOption = Annotated[Path | None, typer.Option(help="The configuration; else the one that `gateway serve` takes.")]
_TAIL = """
SELECT r.time, r.id, coalesce(r.key_id, '-'), coalesce(r.model, '-'), r.status, coalesce(r.code, '-'),
       coalesce(r.prompt_tokens || '+' || r.completion_tokens
                || CASE r.tokens_source WHEN 'estimate' THEN ' ~' WHEN 'tokenizer' THEN ' t' ELSE '' END, '-'),
       iif(r.cost_usd IS NULL, '-', printf('%.6f', r.cost_usd)), printf('%.1f', r.duration_ms),
       printf('%.2f', r.gateway_us / 1000.0),
       coalesce((SELECT group_concat(backend || ' ' || coalesce(reason, outcome), ', ') FROM attempts
                 WHERE request = r.seq), '-')
FROM (SELECT * FROM requests ORDER BY seq DESC LIMIT ?) AS r ORDER BY r.seq
"""
_SUMMARY = """
SELECT coalesce(model, '-'), count(*), sum(status = 499), sum(status >= 400 AND status != 499 OR code IS NOT NULL),
       total(prompt_tokens), total(completion_tokens), sum(tokens_source = 'estimate'),
       printf('%.6f', total(cost_usd)), printf('%.1f', avg(duration_ms)), printf('%.3f', avg(gateway_us) / 1000.0)
FROM requests WHERE time >= ? GROUP BY model ORDER BY count(*) DESC
"""


@app.command()
def tail(
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="How many requests.")] = 20,
    file: _FileOption = None,
    config: _ConfigOption = None,
) -> None:
    """The last requests, the newest at the end; tokens with `~` are an estimate, with `t` the tokenizer's count."""
    titles = ("time", "id", "key", "model", "status", "code", "tokens", "USD", "ms", "gateway ms", "attempts")
    rows = [(_local_time(time), *rest) for time, *rest in _read(file, config, _TAIL, count)]
    _show(titles, rows)


@app.command()
def summary(
    hours: Annotated[float, typer.Option(min=0, help="Only of so many last hours; 0: all.")] = 0,
    file: _FileOption = None,
    config: _ConfigOption = None,
) -> None:
    """Requests, errors, tokens, cost and mean times of each model."""
    since = datetime.now(UTC).timestamp() - hours * 3600 if hours else 0
    titles = (
        "model", "requests", "cancelled", "errors", "prompt tokens", "completion tokens", "estimated requests",
        "USD", "mean ms", "mean gateway ms",
    )  # fmt: skip
    rows = [
        tuple(int(value) if isinstance(value, float) else value or 0 for value in row)
        for row in _read(file, config, _SUMMARY, since)
    ]
    _show(titles, rows)


def _read(file: Path | None, config: Path | None, query: str, *values: Any) -> list[tuple[Any, ...]]:
    path = file or _configured_path(config)
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return connection.execute(query, values).fetchall()
    except sqlite3.Error as error:
        typer.echo(f"{path} cannot be read as a ledger ({error}); check the path", err=True)
        raise typer.Exit(1) from error


def _configured_path(config: Path | None) -> Path:
    from gateway.backends.kinds import load  # noqa: PLC0415  # `gateway serve` would wait for its imports

    try:
        path = load(config).ledger.path
    except ConfigError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    if path is None:
        typer.echo("The configuration has no ledger; give one with --file, or set ledger.path", err=True)
        raise typer.Exit(1)
    return path


def _local_time(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).astimezone().isoformat(" ", "milliseconds")


def _show(titles: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    from gateway.cli.tables import print_records  # noqa: PLC0415  # `gateway serve` would wait for its imports

    print_records(titles, [tuple(map(str, row)) for row in rows])
