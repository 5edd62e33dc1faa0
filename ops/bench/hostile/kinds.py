"""The kinds of hostile connection, in one table."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ops.bench.hostile.line import Line

_HEALTH = b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n"
_OPENAPI = b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n"
_HALF = b"GET /health HTTP/1.1\r\nhost: x\r\n"
_POST = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
_CHUNKED = _POST + b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n"
_CHUNKED_HEALTH = b"POST /health HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
_ENDLESS = _POST + b"content-length: 100000000000\r\n\r\n"
_OFFER = b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n"
_TLS_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
_BLOCK = bytes(60_000)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of hostile connection.

    Attributes:
        about: what each connection does.
        connections: how many do it at once.
        play: does it on one connection.
    """

    about: str
    connections: int
    play: Callable[[Line], Awaitable[None]]


def _send_and_hold(data: bytes) -> Callable[[Line], Awaitable[None]]:
    async def play(line: Line) -> None:
        if data:
            await line.send(data)
        await line.hold()

    return play


def _send_for_ever(first: bytes, piece: bytes, pause_s: float = 0.0) -> Callable[[Line], Awaitable[None]]:
    async def play(line: Line) -> None:
        await line.send(first)
        await line.send_for_ever(piece, pause_s)

    return play


def _never_read(piece: bytes) -> Callable[[Line], Awaitable[None]]:
    async def play(line: Line) -> None:
        line.stop_reading()
        await line.send_for_ever(piece)

    return play


def _ask(data: bytes) -> Callable[[Line], Awaitable[None]]:
    async def play(line: Line) -> None:
        while True:
            await line.send(data)
            if not await line.read():
                return

    return play


async def _read_slowly(line: Line) -> None:
    line.shrink()
    line.stop_reading()
    await line.send(_OPENAPI * 10)
    await asyncio.sleep(60)


async def _leave(line: Line) -> None:
    await line.send(_HEALTH)
    line.reset()


async def _connect(_line: Line) -> None:
    pass


async def _half_close(line: Line) -> None:
    await line.send(_HALF)
    line.finish_writing()
    await line.hold()


KINDS = {
    "silent": Kind("connects and says nothing", 4000, _send_and_hold(b"")),
    "half-heads": Kind("sends half a head and waits", 2000, _send_and_hold(_HALF)),
    "long-half-heads": Kind("sends 60 kB of a head and waits", 1000, _send_and_hold(_HALF + b"x: " + _BLOCK)),
    "wide-half-heads": Kind("sends 190 fields of a head and waits", 1000, _send_and_hold(_HALF + b"x: yy\r\n" * 190)),
    "dribbled-heads": Kind("sends a byte of a head every 0.2 s", 500, _send_for_ever(_HALF + b"x: ", b"y", 0.2)),
    "endless-header": Kind("sends one header that never ends", 20, _send_for_ever(_HALF + b"x: ", b"y" * 60_000)),
    "endless-headers": Kind("sends headers for ever", 20, _send_for_ever(_HALF, b"x: y\r\n" * 10_000)),
    "endless-path": Kind("sends a path that never ends", 20, _send_for_ever(b"GET /", b"y" * 60_000)),
    "line-ends": Kind("sends nothing but line ends", 20, _send_for_ever(b"\r\n", b"\r\n" * 30_000)),
    "endless-trailers": Kind("sends trailers for ever", 20, _send_for_ever(_CHUNKED + b"0\r\n", b"x: y\r\n" * 10_000)),
    "endless-trailer": Kind(
        "sends one trailer that never ends", 20, _send_for_ever(_CHUNKED + b"0\r\nx: ", b"y" * 60_000)
    ),
    "late-trailers": Kind(
        "sends a trailer every 0.2 s after its answer",
        500,
        _send_for_ever(_CHUNKED_HEALTH + b"0\r\n", b"x: y\r\n", 0.2),
    ),
    "chunk-extension": Kind(
        "sends a chunk's size that never ends", 20, _send_for_ever(_CHUNKED + b"1;", b"e" * 60_000)
    ),
    "chunk-zeros": Kind("sends zeros of a chunk's size for ever", 20, _send_for_ever(_CHUNKED, b"0" * 60_000)),
    "tiny-chunks": Kind("sends chunks of one byte for ever", 20, _send_for_ever(_CHUNKED, b"1\r\nx\r\n" * 10_000)),
    "unwanted-body": Kind("sends a body for ever after 401", 20, _send_for_ever(_ENDLESS, _BLOCK)),
    "dribbled-body": Kind("sends a byte of a body every 0.2 s after 401", 500, _send_for_ever(_ENDLESS, b"y", 0.2)),
    "kept-bodies": Kind(
        "sends 60 kB to be refused with 401, and waits",
        1000,
        _send_and_hold(_POST + b"content-length: 60000\r\n\r\n" + _BLOCK),
    ),
    "unsent-body": Kind(
        "waits for 100 Continue without a key",
        500,
        _send_and_hold(_POST + b"content-length: 9\r\nexpect: 100-continue\r\n\r\n"),
    ),
    "pipelined": Kind("sends requests for ever and reads nothing", 20, _never_read(_HEALTH * 1000)),
    "pipelined-one-by-one": Kind("the same, a request each write", 20, _never_read(_HEALTH)),
    "pipelined-large-answers": Kind("asks for large answers and reads nothing", 100, _never_read(_OPENAPI)),
    "pipelined-offers": Kind("offers HTTP/2 a thousand times at once", 20, _never_read(_OFFER * 1000)),
    "slow-readers": Kind("asks for large answers, with a tiny window", 500, _read_slowly),
    "wrong-keys": Kind(
        "tries wrong keys as fast as it can",
        32,
        _ask(_POST + b"authorization: Bearer wrong\r\ncontent-length: 2\r\n\r\n{}"),
    ),
    "connects": Kind("connects and leaves", 50, _connect),
    "leavers": Kind("asks and resets the connection", 50, _leave),
    "half-closed": Kind("sends half a head and closes its direction", 200, _half_close),
    "no-http": Kind("begins TLS", 50, _send_and_hold(_TLS_HELLO)),
    "junk-behind": Kind("sends junk behind a request", 50, _send_and_hold(_HEALTH + b"\0\1\2" * 1000)),
}
