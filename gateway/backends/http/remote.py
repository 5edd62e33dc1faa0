"""What all backends at an address share, whatever format they speak: one pool of connections, and a key."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from gateway.backends.base import Backend
from gateway.backends.http.connection import Connection
from gateway.backends.http.refusal import refusal
from gateway.errors.base import BackendUnavailable

if TYPE_CHECKING:
    import aiohttp

    from gateway.config.backends import RemoteConfig

# Each answer is held against it, and a plain number is compared faster.
_OK = int(HTTPStatus.OK)


class RemoteBackend(Backend):
    """Has a connection pool between `start` and `stop`.

    A subclass may have its own `key_headers`. One whose address is known only later (a child process) passes
    `config=None`, and in its `start` calls `connect` with the address; it may overrule `unavailable`.

    Args:
        config: its address and its key.
        name: its name in the configuration.
        connect_s: limit for making a connection.
    """

    def __init__(self, config: RemoteConfig | None, *, name: str, connect_s: float) -> None:
        super().__init__(name=name, strict=config.strict if config else False)
        self.config = config
        self._connect_s = connect_s
        self._connection: Connection | None = None

    async def start(self) -> None:
        """Open the connection pool; nothing is sent."""
        if self.config is not None:
            await self.connect(self.config.base_url)

    async def connect(self, base_url: str) -> None:
        """Send calls to `base_url` from now on, in place of any address before."""
        await self.disconnect()
        self._connection = Connection(
            base_url, backend=self.name, headers=self.key_headers(), connect_s=self._connect_s
        )

    def key_headers(self) -> dict[str, str]:
        """The headers that carry the key, sent with every request."""
        key = self.config.api_key if self.config else None
        return {"authorization": f"Bearer {key.get_secret_value()}"} if key else {}

    async def disconnect(self) -> None:
        """Forget the address; calls raise `unavailable()` until `connect`."""
        connection, self._connection = self._connection, None
        if connection:
            await connection.close()

    async def stop(self) -> None:
        """Close the connection pool."""
        await self.disconnect()

    def unavailable(self) -> BackendUnavailable:
        """The error for a call while there is no address."""
        return BackendUnavailable(
            f"Backend '{self.name}' is not started yet. Send the request again in a moment.", reached=False
        )

    def _opened(self) -> Connection:
        if self._connection is None:
            raise self.unavailable()
        return self._connection

    async def _check_status(self, response: aiohttp.ClientResponse) -> None:
        if response.status != _OK:
            raise refusal(self.name, response.status, response.headers, await response.read())
