"""The command `gateway`."""

from __future__ import annotations

import errno
import logging
import socket
from contextlib import contextmanager
from importlib.metadata import version as version_of
from pathlib import Path  # noqa: TC003  # typer reads the annotations at run time
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.backends.llamacpp.weights import EmbeddedModelError
from gateway.cli import keys as keys_cli
from gateway.cli import ledger, models
from gateway.config.load import find, remarks
from gateway.config.problems import ConfigError
from gateway.limits.checks import RequestChecks
from gateway.logs.events import configure_logging, log_event
from gateway.observability.ledger import prepare

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.config.load import Config

_VARIABLES = """\
GATEWAY_API_KEYS: the keys that clients may use, comma separated.

GATEWAY_MODEL: a GGUF file in place of the embedded model's own.

GATEWAY_INSTANCE: what /health calls this gateway.

GATEWAY_<TABLE>__<SETTING>: overrules the file, as GATEWAY_SERVER__PORT=9000 does.

Keys for backends, and a Redis' password, stand in variables that the file names: api_key_env, redis_url_env.

SIGTERM or Ctrl-C: stop after the requests under way, or after server.drain_s; a second Ctrl-C cuts them.

SIGHUP: read the configuration again."""

app = typer.Typer(help="An LLM inference gateway.", no_args_is_help=True, pretty_exceptions_enable=False)
config_app = typer.Typer(help="The configuration file.", no_args_is_help=True)
app.add_typer(config_app, name="config")
app.add_typer(models.app, name="models")
app.add_typer(ledger.app, name="ledger")
app.add_typer(keys_cli.app, name="keys")


def _show_version(*, requested: bool) -> None:
    if requested:
        typer.echo(f"gateway {version_of('llm-gateway-qa')}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[  # noqa: FBT002  # its callback does all, and typer wants its switch so
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    """An LLM inference gateway."""


@app.command(epilog=_VARIABLES)
def serve(
    config: Annotated[
        Path | None, typer.Option(help="The configuration; else ./gateway.toml, else the built-in one.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on, in place of server.host.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Port, in place of server.port; 0: a free one.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Processes that answer, in place of server.workers.")
    ] = None,
) -> None:
    """Run the gateway until SIGTERM or Ctrl-C; its first line on stderr with "event": "listening" holds its address."""
    # Imported here, so that the other commands do not wait for the web framework.
    from gateway.server.listen import listen, log_open, run  # noqa: PLC0415  # see above
    from gateway.server.service import Gateway  # noqa: PLC0415  # see above

    settings = _load_or_exit(config, status=2)
    address = (host or settings.server.host, settings.server.port if port is None else port)
    count = workers or settings.server.workers
    try:
        with _exit_on_bad_config(config, status=2):
            source = find(config).absolute()
            application = Gateway(settings, source=source) if count == 1 else RequestChecks(settings, workers=count)
            if settings.ledger.path is not None:
                # In the parent too: else each worker would fail at it, again and again.
                prepare(settings.ledger.path)
        listener = listen(*address)
    except EmbeddedModelError as error:
        typer.echo(f"gateway: {error}", err=True)
        raise typer.Exit(2) from error
    except OSError as error:
        # A name that cannot be resolved has another error number.
        which = "port" if error.errno in {errno.EADDRINUSE, errno.EACCES} else "host"
        where = f"{address[0]}:{address[1]}" if which == "port" else f"'{address[0]}'"
        reason = (error.strerror or repr(error)).partition(" (")[0]
        typer.echo(f"server.{which}: cannot listen on {where} ({reason}); choose another --{which}", err=True)
        raise typer.Exit(2) from error
    configure_logging()
    if settings.is_open:
        log_open(listener)
    for remark in remarks(settings):
        log_event("config_remark", level=logging.WARNING, where=remark.where, reason=remark.what, fix=remark.fix)
    if isinstance(application, RequestChecks):
        from gateway.server.workers import supervise  # noqa: PLC0415  # see above

        command = ["-m", "gateway", "worker", *(["--config", str(config)] if config else []), str(count)]
        raise typer.Exit(supervise(command, count, listener, settings.server.drain_s))
    run(application, listener)


@app.command(hidden=True)
def worker(  # noqa: PLR0913, PLR0917  # the command line that `supervise` builds
    count: int, listener: int, metrics: int, slots: int, index: int, config: Path | None = None
) -> None:
    """Run one worker of `gateway serve`, which alone starts this command."""
    from gateway.limits.shared_slots import SharedSlots  # noqa: PLC0415  # see `serve`
    from gateway.observability.metric_store import SharedMetricStore  # noqa: PLC0415  # see `serve`
    from gateway.server.listen import run  # noqa: PLC0415  # see `serve`
    from gateway.server.service import Gateway  # noqa: PLC0415  # see `serve`
    from gateway.server.worker import Worker, follow_parent, tell_ready  # noqa: PLC0415  # see `serve`

    follow_parent()
    settings = _load_or_exit(config, status=2)
    with _exit_on_bad_config(config, status=2):
        source = find(config).absolute()
        application = Gateway(
            settings, None, Worker(index, count, SharedSlots(slots)), source, SharedMetricStore(metrics, index)
        )
    configure_logging()
    run(application, socket.socket(fileno=listener), tell_ready)


@config_app.command()
def check(
    path: Annotated[Path | None, typer.Argument(help="The file; else the one that `gateway serve` takes.")] = None,
) -> None:
    """Say what is wrong with the configuration, where, and how to fix it; or what it routes where."""
    settings = _load_or_exit(path, status=1)
    from gateway.backends.kinds import create_backends  # noqa: PLC0415  # see `_load_or_exit`

    try:
        with _exit_on_bad_config(path, status=1):
            keys = RequestChecks(settings, workers=settings.server.workers).keys
            create_backends(settings)
    except EmbeddedModelError as error:
        typer.echo(f"{find(path)} cannot be used:\n  {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{find(path)} is good")
    width = max(map(len, settings.models))
    for model, config in settings.models.items():
        route = (
            f"{step.backend} ({settings.backends[step.backend].kind}: {step.model or model})" for step in config.route
        )
        typer.echo(f"  {model:<{width}}  ->  {', then '.join(route)}")
        if config.templates:
            typer.echo(f"  {'':<{width}}      templates: {', '.join(config.templates)}")
    count = len(keys.keys)
    for remark in remarks(settings):
        typer.echo(f"  {remark}")
    typer.echo("  open to every client: there are no keys" if keys.is_open else f"  clients need one of {count} keys")


def _load_or_exit(path: Path | None, *, status: int) -> Config:
    # Imported here, so that commands that read no configuration do not wait for the backends' imports.
    from gateway.backends.kinds import load  # noqa: PLC0415  # see above

    with _exit_on_bad_config(path, status=status):
        return load(path)


@contextmanager
def _exit_on_bad_config(path: Path | None, *, status: int) -> Iterator[None]:
    try:
        yield
    except ConfigError as error:
        typer.echo(f"{find(path)} cannot be used:", err=True)
        for problem in error.problems:
            typer.echo(f"  {problem}", err=True)
        raise typer.Exit(status) from error
