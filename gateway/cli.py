"""The command `gateway`."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # typer reads the annotations at run time
from typing import Annotated

import typer

from gateway import ledger_cli, models_cli
from gateway.config import Config, find, load
from gateway.config_problems import ConfigError
from gateway.weights import EmbeddedModelError

app = typer.Typer(help="An LLM inference gateway.", no_args_is_help=True, pretty_exceptions_enable=False)
config_app = typer.Typer(help="The configuration file.", no_args_is_help=True)
app.add_typer(config_app, name="config")
app.add_typer(models_cli.app, name="models")
app.add_typer(ledger_cli.app, name="ledger")


@app.command()
def serve(
    config: Annotated[
        Path | None, typer.Option(help="The configuration; else ./gateway.toml, else the built-in one.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on, in place of server.host.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Port, in place of server.port; 0: a free one.")
    ] = None,
) -> None:
    """Run the gateway until SIGTERM or Ctrl-C; its first line on stderr with "event": "listening" holds its address."""
    # Here, for the other commands start without the web framework.
    from gateway.app import create_app  # noqa: PLC0415  # see above
    from gateway.server import listen, run  # noqa: PLC0415  # see above

    settings = _load_or_exit(config, status=2)
    address = (host or settings.server.host, settings.server.port if port is None else port)
    try:
        application = create_app(settings)
        listener = listen(*address)
    except ConfigError as error:
        raise _refused(config, error, status=2) from error
    except EmbeddedModelError as error:
        typer.echo(f"gateway: {error}", err=True)
        raise typer.Exit(2) from error
    except OSError as error:
        typer.echo(
            f"server: cannot listen on {address[0]}:{address[1]} ({error.strerror}); choose another --port", err=True
        )
        raise typer.Exit(2) from error
    run(application, listener)


@config_app.command()
def check(
    path: Annotated[Path | None, typer.Argument(help="The file; else the one that `gateway serve` takes.")] = None,
) -> None:
    """Say what is wrong with the configuration, where, and how to mend it; or what it routes where."""
    settings = _load_or_exit(path, status=1)
    typer.echo(f"{find(path)} is good")
    width = max(map(len, settings.models))
    for model, config in settings.models.items():
        steps = (
            f"{step.backend} ({settings.backends[step.backend].kind}: {step.model or model})" for step in config.route
        )
        typer.echo(f"  {model:<{width}}  ->  {', then '.join(steps)}")
    typer.echo(f"  {_keys(settings)}")


def _load_or_exit(path: Path | None, *, status: int) -> Config:
    try:
        return load(path)
    except ConfigError as error:
        raise _refused(path, error, status=status) from error


def _refused(path: Path | None, error: ConfigError, *, status: int) -> typer.Exit:
    typer.echo(f"{find(path)} cannot be used:", err=True)
    for problem in error.problems:
        typer.echo(f"  {problem}", err=True)
    return typer.Exit(status)


def _keys(settings: Config) -> str:
    count = len(settings.api_keys)
    return f"clients need one of {count} keys" if count else "open to every client: GATEWAY_API_KEYS is not set"
