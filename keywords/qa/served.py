"""A client for the server that a command asks."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keywords.engine.http.probe import Facts, probe
from keywords.engine.openai.client import ChatClient
from keywords.qa.server import asked_server

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Served:
    """A server that answers.

    Attributes:
        client: for its chat API; asks the chosen model.
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
def served(url: str | None, model: str) -> Iterator[Served]:
    """Give a client for the server at an address; without one, for the embedded gateway, until the end of the block.

    Args:
        url: as `asked_server`.
        model: the model to ask; empty for the first one listed.

    Raises:
        ProbeError: no usable server answers, or it does not serve the model.
        ServerError: the embedded gateway did not start.
    """
    with asked_server(url) as server:
        facts = probe(server.url, server.api_key, model=model, model_option="--model")
        client = ChatClient(facts.url, api_key=server.api_key, model=model or facts.models[0])
        try:
            yield Served(client, facts)
        finally:
            client.close()
