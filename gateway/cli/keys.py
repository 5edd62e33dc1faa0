"""`gateway keys`: the file of clients' keys."""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from gateway.config.keys import BUDGETS, RATE_LIMITS, Count
from gateway.config.problems import ConfigError
from gateway.limits import key_file, spending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from gateway.config.load import Config
    from gateway.limits.key_file import KeyEntry

app = typer.Typer(help="The keys that clients may use, in a file that holds only their hashes.", no_args_is_help=True)

_DEFAULT = Path("keys.toml")

File = Annotated[Path | None, typer.Option(help="The key file; else keys.file of ./gateway.toml, else ./keys.toml.")]
Name = Annotated[str, typer.Argument(help="What logs, metrics and refusals call the key.")]


def _with_limits(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command that takes `**limits` an option for each limit of a key."""
    signature = inspect.signature(command, eval_str=True)
    first, *others = (each for each in signature.parameters.values() if each.kind is not each.VAR_KEYWORD)
    options = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_option(name))
        for name in (*RATE_LIMITS, *BUDGETS)
    ]
    command.__signature__ = signature.replace(parameters=[first, *options, *others])  # type: ignore[attr-defined]  # what `inspect` looks for
    return command


def _option(name: str) -> Any:
    field = key_file.KeyEntry.model_fields[name]
    if Count in get_args(field.annotation):
        return Annotated[int | None, typer.Option(min=1, help=field.description)]
    return Annotated[float | None, typer.Option(help=field.description)]


@app.command()
@_with_limits
def add(name: Name, *, file: File = None, **limits: float | None) -> None:
    """Make a key and print it, this once: the file keeps only its hash."""
    with _exit_on_error():
        path = _path(file)
        if file is None and limits["budget_usd"] is not None:
            _check_prices(name)
        key = key_file.add(path, name, limits)
    typer.echo(f"Key '{name}' stands in {path}; it is shown only now:", err=True)
    typer.echo(key)


@app.command("list")
def list_keys(file: File = None) -> None:
    """Show the keys with their own limits (none: the configuration's), their state and what they spent of a budget."""
    from gateway.cli.tables import print_table  # noqa: PLC0415  # `gateway serve` would wait for its imports

    with _exit_on_error():
        path = _path(file)
        entries = key_file.read(path)
        spent = _spent(path, entries)
    rows = []
    for name, entry in entries.items():
        state = f"revoked {entry.revoked:%Y-%m-%d}" if entry.revoked else "active"
        limits = ("" if limit is None else str(limit) for limit in (getattr(entry, name) for name in RATE_LIMITS))
        tokens, usd = spent.get(name, (0, 0.0))
        used = f"{tokens} tokens, {usd:.4f} USD" if name in spent else ""
        rows.append((name, state, f"{entry.created:%Y-%m-%d}", *limits, _budget(entry), used))
    print_table(("name", "state", "created", *RATE_LIMITS, "budget", "spent"), rows)


@app.command()
def revoke(name: Name, file: File = None) -> None:
    """Have a key refused; a running gateway notices within a second or two."""
    with _exit_on_error():
        path = _path(file)
        key_file.revoke(path, name)
    typer.echo(f"Key '{name}' in {path} is revoked.")


def _config() -> Config:
    """Load the configuration of this folder, or the built-in one."""
    from gateway.backends.kinds import load  # noqa: PLC0415  # only the commands that read it wait for its imports

    return load()


def _path(file: Path | None) -> Path:
    return file or _config().keys.file or _DEFAULT


def _check_prices(name: str) -> None:
    """Refuse a budget that the gateway's configuration cannot price: the gateway would then apply no new key at all."""
    config = _config()
    if config.keys.file and (problems := config.unpriced(name)):
        raise ConfigError(problems)


def _spent(path: Path, names: Iterable[str]) -> spending.Spent:
    url = _config().shared.url
    if url is None:
        return spending.load(spending.path_beside(path))
    from gateway.limits import redis_store  # noqa: PLC0415  # an extra, needed only by gateways that share

    return redis_store.spent(url, names)


def _budget(entry: KeyEntry) -> str:
    parts = [f"{entry.budget_tokens} tokens"] if entry.budget_tokens is not None else []
    parts += [f"{entry.budget_usd:g} USD"] if entry.budget_usd is not None else []
    return ", ".join(parts)


@contextmanager
def _exit_on_error() -> Iterator[None]:
    try:
        yield
    except ConfigError as error:
        for problem in error.problems:
            typer.echo(f"error: {problem}", err=True)
        raise typer.Exit(1) from error
    except (OSError, ValueError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error
