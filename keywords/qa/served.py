"""The server that a command asks: the one at a URL, else an embedded gateway of the command's own."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from keywords.engine.http.probe import Facts, probe
from keywords.engine.openai.client import ChatClient
from keywords.engine.processes.gateway import start_gateway
from keywords.engine.redaction.secrets import SECRETS

if TYPE_CHECKING:
    from collections.abc import Iterator

READY_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Served:
    """A server that answers.

    Attributes:
        client: for its chat API; asks `model`.
        facts: what the server is.
    """

    client: ChatClient
    facts: Facts

    @property
    def description(self) -> str:
        """Kind and version of the server, for a record."""
        kind = "llm-gateway" if self.facts.is_our_gateway else "OpenAI-compatible server"
        return f"{kind} {self.facts.version}".strip()


@contextmanager
def served(url: str, model: str) -> Iterator[Served]:
    """Give a client for the server at a URL; without one, start the embedded gateway and stop it afterwards.

    Args:
        url: address, with or without `/v1`; empty for the embedded gateway.
        model: the model to ask; empty for the first one listed.

    Raises:
        ProbeError: no usable server answers, or it does not serve the model.
        GatewayProcessError: the embedded gateway did not start.
    """
    if url:
        with _client(url, os.environ.get("GATEWAY_API_KEY") or None, model) as found:
            yield found
        return
    with tempfile.TemporaryDirectory(prefix="qa-gateway-", ignore_cleanup_errors=True) as folder:
        gateway = start_gateway(config=None, log=Path(folder) / "gateway.log", ready_within_s=READY_WITHIN_S)
        try:
            with _client(gateway.url, gateway.api_key, model) as found:
                yield found
        finally:
            gateway.stop()


@contextmanager
def _client(url: str, api_key: str | None, model: str) -> Iterator[Served]:
    SECRETS.protect_address(url)
    if api_key:
        SECRETS.protect(api_key)
    facts = probe(url, api_key, model=model)
    client = ChatClient(facts.url, api_key=api_key, model=model or facts.models[0])
    try:
        yield Served(client, facts)
    finally:
        client.close()
