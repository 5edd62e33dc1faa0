"""The connections of one process: how many there may be, and how much memory those without a key may hold.

Linux, macOS. On Windows uvicorn's own protocol serves, which counts nothing.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Protocol

from gateway.errors.http import TooManyConnections
from gateway.errors.limits import Overloaded
from gateway.logs.repeated import RepeatedEvent
from gateway.operating_system.descriptors import descriptor_limit
from gateway.server.lingering import ReadBudget

if TYPE_CHECKING:
    from gateway.errors.base import GatewayError

# An idle connection takes 7 KB; so many take less than 64 MB.
_MOST_CONNECTIONS = 8192
_FEWEST_CONNECTIONS = 16
# For listeners, files, pipes, the embedded model, Redis, and connections that are being refused.
_OTHER_DESCRIPTORS = 128
# Each may stay for some seconds, so that its client can read why.
_MOST_REFUSED = 32
# Of heads and trailers that are not whole, and of answers without a key that are not read, over all connections.
HELD_BYTES = 16 * 1024 * 1024
# A client has at least a whole network of so many bits in IPv6 (RFC 6177).
_IPV6_NETWORK_BITS = 64


class Connection(Protocol):
    """What `Connections` asks of one."""

    def evict(self) -> None:
        """End at once."""

    def give_back(self, error: GatewayError) -> None:
        """End, and free the bytes that it holds; send `error` unless an answer is under way."""


def default_limit() -> int:
    """The most connections of a process, by its descriptors: each client's request may need one more to a backend."""
    descriptors = descriptor_limit()
    if descriptors is None:
        return _MOST_CONNECTIONS
    return min(max((descriptors - _OTHER_DESCRIPTORS) // 2, _FEWEST_CONNECTIONS), _MOST_CONNECTIONS)


class Connections:
    """Counts connections and the bytes they hold; ends those that wait for nothing when there is no more room.

    Args:
        limit: the most at once; None takes `default_limit`.
        per_address: the most from one address, or from one /64 network of IPv6; None means any number.

    Attributes:
        limit: the most at once.
        unwanted_bytes_budget: the budget for what they send after an early answer.
        invalid_http: logs requests that are broken as HTTP.
    """

    def __init__(self, limit: int | None = None, per_address: int | None = None) -> None:
        self.limit = limit or default_limit()
        self.unwanted_bytes_budget = ReadBudget()
        self.invalid_http = RepeatedEvent("invalid_http")
        self._per_address = per_address
        self._admitted: dict[Connection, str] = {}
        self._by_address = Counter[str]()
        # Without a request under way, the one that has waited longest first.
        self._waiting: OrderedDict[Connection, None] = OrderedDict()
        self._refused: OrderedDict[Connection, None] = OrderedDict()
        self._held: dict[Connection, int] = {}
        self._held_bytes = 0

    def admit(self, connection: Connection, address: str) -> GatewayError | None:
        """Admit a new connection; at the limit, end the one that has waited longest without a request.

        Args:
            connection: the new one.
            address: of its client.

        Returns:
            The refusal, if there is no room; else None.
        """
        source = _source(address) if self._per_address else ""
        if self._per_address and self._by_address[source] >= self._per_address:
            return self._refuse(connection, TooManyConnections(self._per_address))
        if len(self._admitted) >= self.limit:
            if not self._waiting:
                return self._refuse(connection, Overloaded(f"it has {self.limit} connections, each with a request"))
            oldest = next(iter(self._waiting))
            self.forget(oldest)
            oldest.evict()
        self._admitted[connection] = source
        if self._per_address:
            self._by_address[source] += 1
        self._waiting[connection] = None
        return None

    def begin(self, connection: Connection) -> None:
        """Note that a request of the connection is under way."""
        self._waiting.pop(connection, None)

    def wait(self, connection: Connection) -> None:
        """Note that no request of the connection is under way."""
        if connection in self._admitted:
            self._waiting[connection] = None

    def hold(self, connection: Connection, size: int) -> None:
        """Note that the connection holds `size` bytes without a key; while all hold too many, end the largest."""
        self._held_bytes += size - self._held.pop(connection, 0)
        if size:
            self._held[connection] = size
        while self._held_bytes > HELD_BYTES:
            largest = max(self._held, key=self._held.__getitem__)
            self._held_bytes -= self._held.pop(largest)
            largest.give_back(Overloaded("too many requests arrive in pieces, or are answered and not read"))

    def forget(self, connection: Connection) -> None:
        """Forget a connection that is gone."""
        source = self._admitted.pop(connection, "")
        if source:
            self._by_address[source] -= 1
            if not self._by_address[source]:
                del self._by_address[source]
        self._waiting.pop(connection, None)
        self._refused.pop(connection, None)
        self._held_bytes -= self._held.pop(connection, 0)

    def _refuse(self, connection: Connection, error: GatewayError) -> GatewayError:
        self._refused[connection] = None
        if len(self._refused) > _MOST_REFUSED:
            oldest, _ = self._refused.popitem(last=False)
            oldest.evict()
        return error


class HeldBytes:
    """The bytes that one connection holds without a key.

    Args:
        connections: all of this process.
        connection: the one.

    Attributes:
        of_answer: bytes of answers that the client has not read.
    """

    def __init__(self, connections: Connections, connection: Connection) -> None:
        self.of_answer = 0
        self._of_request = 0
        self._connections = connections
        self._connection: Connection | None = connection

    def forget(self) -> None:
        """Release the connection, which refers to this object too."""
        self._connection = None

    def note_request(self, size: int) -> None:
        """Note the size of an unfinished request."""
        if size != self._of_request and self._connection is not None:
            self._of_request = size
            self._connections.hold(self._connection, size + self.of_answer)

    def note_answer(self, size: int) -> None:
        """Note the size of the answers that the client has not read."""
        if size != self.of_answer and self._connection is not None:
            self.of_answer = size
            self._connections.hold(self._connection, size + self._of_request)


def _source(address: str) -> str:
    """The address, or the network, whose connections are counted together."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(ip, IPv6Address):
        return address
    if ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
    return f"{int(ip) >> (128 - _IPV6_NETWORK_BITS):x}/{_IPV6_NETWORK_BITS}"
