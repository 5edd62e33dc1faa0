"""The base class of backends with an address, in any format: one connection pool and a key."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from gateway.backends.base import Backend
from gateway.backends.http.connection import Connection
from gateway.backends.http.refusal import refusal, refusal_from_event
from gateway.backends.http.timing import ANSWER_LIMIT, VECTORS_LIMIT
from gateway.errors.base import BackendUnavailable
from gateway.operations import EMBEDDINGS
from gateway.text.secrets import SecretFilter

if TYPE_CHECKING:
    from gateway.backends.base import Call
    from gateway.backends.http.timing import TimedResponse
    from gateway.config.backends import RemoteConfig
    from gateway.errors.base import GatewayError

# Plain numbers: every answer is compared with them, and a number compares faster than an enum member.
_OK = int(HTTPStatus.OK)
_FIRST_REDIRECT = int(HTTPStatus.MULTIPLE_CHOICES)
_KEY_HEADERS = ("authorization", "api-key", "x-api-key")
# Of an error's body, far more than any message has; what follows is not read.
_ERROR_BYTES = 256 * 1024


class RemoteBackend(Backend):
    """Has a connection pool between `start` and `stop`.

    A subclass may override `key_headers`. If its address is known only later (a child process), it passes
    `config=None` and calls `connect` in its `start`; it may override `unavailable`.

    Args:
        config: the address and the key.
        name: the backend's name in the configuration.
        connect_s: limit for making a connection.

    Attributes:
        secrets: hides the gateway's keys in what the backend says.
    """

    def __init__(self, config: RemoteConfig | None, *, name: str, connect_s: float) -> None:
        super().__init__(name=name, strict=config.strict if config else False)
        self.config = config
        self._connect_s = connect_s
        self._connection: Connection | None = None
        self.secrets = SecretFilter()

    async def start(self) -> None:
        """Open the connection pool, without sending anything."""
        if self.config is not None:
            await self.connect(self.config.base_url)

    async def connect(self, base_url: str) -> None:
        """Send calls to `base_url` from now on."""
        await self.disconnect()
        headers = self.key_headers()
        for name in _KEY_HEADERS:
            self.secrets.add(headers.get(name, "").removeprefix("Bearer "))
        self._connection = Connection(base_url, backend=self.name, headers=headers, connect_s=self._connect_s)

    def key_headers(self) -> dict[str, str]:
        """The key's headers, sent with every request."""
        key = self.config.api_key if self.config else None
        return {"authorization": f"Bearer {key.get_secret_value()}"} if key else {}

    async def disconnect(self) -> None:
        """Close the connection pool; calls raise `unavailable()` until `connect`."""
        connection, self._connection = self._connection, None
        if connection:
            await connection.close()

    async def stop(self) -> None:
        """Close the connection pool."""
        await self.disconnect()

    def unavailable(self) -> BackendUnavailable:
        """The error for a call while there is no address."""
        return BackendUnavailable(f"Backend '{self.name}' is not started yet. Send the request again in a moment.")

    def _require_connection(self) -> Connection:
        if self._connection is None:
            raise self.unavailable()
        return self._connection

    async def _check_status(self, response: TimedResponse) -> None:
        """Raise unless the status is 2xx; under any of those the body decides (RFC 9110, section 15.3)."""
        if not _OK <= response.status < _FIRST_REDIRECT:
            body = await response.read(_ERROR_BYTES, cut=True)
            raise refusal(self.name, response.status, response.headers, body, self.secrets.hide)

    def _refusal_in(self, answer: Any) -> GatewayError:
        """The error for an answer or event under a 2xx that holds an error."""
        return refusal_from_event(self.name, answer, self.secrets.hide)

    @staticmethod
    async def _read(response: TimedResponse, call: Call) -> bytes:
        """Read a whole answer, within the limit of its operation."""
        return await response.read(VECTORS_LIMIT if call.operation is EMBEDDINGS else ANSWER_LIMIT)
