"""The server that a `qa` command asks: the one at an address, else the embedded gateway, started for the command."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import typer

from keywords.engine.redaction.secrets import SECRETS
from keywords.qa.project import results_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

_READY_WITHIN_S = 60.0
UrlOption = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="GATEWAY_URL",
        help="The server, http://host:port; the embedded gateway is started if left out. Its key is GATEWAY_API_KEY.",
    ),
]


class ServerError(Exception):
    """The embedded gateway did not start; the message ends with its last log lines."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server to ask.

    Attributes:
        url: address without a path.
        api_key: None if none is known.
        started: whether this command started it.
    """

    url: str
    api_key: str | None = field(repr=False)
    started: bool


@contextmanager
def asked_server(url: str | None) -> Iterator[Server]:
    """The server at an address; without one, the embedded gateway until the end of the block.

    Args:
        url: `http://host:port`; a closing `/v1` is cut off.

    Raises:
        ServerError: the embedded gateway did not start.
    """
    if url:
        key = os.environ.get("GATEWAY_API_KEY") or None
        SECRETS.protect_address(url)
        if key:
            SECRETS.protect(key)
        yield Server(url.rstrip("/").removesuffix("/v1"), key, started=False)
        return
    from keywords.engine.processes.gateway import GatewayProcessError, start_gateway  # noqa: PLC0415  # only to start it

    typer.echo("No --url and no GATEWAY_URL: starting the embedded gateway …", err=True)
    try:
        log = results_folder() / "work" / "embedded gateway" / "gateway.log"
        gateway = start_gateway(config=None, log=log, ready_within_s=_READY_WITHIN_S)
    except GatewayProcessError as error:
        raise ServerError(str(error)) from error
    try:
        yield Server(gateway.url, gateway.api_key, started=True)
    finally:
        gateway.stop()
