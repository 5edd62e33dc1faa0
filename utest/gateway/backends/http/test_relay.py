"""A stream's chunks are handed on while they are read; nothing is lost, doubled or out of order where that stops."""

import asyncio
import contextlib
import gzip
import time

import aiohttp
import pytest

from gateway.backends.http.timing import METER, TimedConnector, TimedResponse
from gateway.request.liveness import Liveness
from gateway.request.usage import Meter
from utest.gateway.backends.http.bodies import body_of, run


def test_relayed_chunks_are_the_body_up_to_its_end():
    async def check():
        async with body_of(*(b"%d," % number for number in range(20))) as (chunks, _):
            seen = []
            await chunks.relay(lambda data: seen.append(data) or True)
            assert b"".join(seen) == b"".join(b"%d," % number for number in range(20))
            assert [chunk async for chunk in chunks] == []

    run(check())


def test_who_wants_no_more_finds_the_rest_in_the_iteration():
    async def check():
        async with body_of(b"a", b"b", None, b"c", b"d") as (chunks, go_on):
            seen = b""

            def write_now(data):
                nonlocal seen
                seen += data
                return seen != b"ab"

            await chunks.relay(write_now)
            go_on.set()
            assert (seen, b"".join([chunk async for chunk in chunks])) == (b"ab", b"cd")

    run(check())


def test_nothing_is_lost_of_a_body_that_is_longer_than_the_buffer():
    async def check():
        body = b"".join(b"%07d," % number for number in range(500_000))
        async with body_of(*(body[at : at + 100_000] for at in range(0, len(body), 100_000))) as (chunks, _):
            seen, sizes = [], []

            def write_now(data):
                seen.append(data)
                sizes.append(len(data))
                return len(sizes) % 3 > 0

            # More comes than the buffer takes, so the connection stops reading.
            await asyncio.sleep(0.3)
            while True:
                await chunks.relay(write_now)
                if not (chunk := await anext(chunks, b"")):
                    break
                seen.append(chunk)
                await asyncio.sleep(0.05)
            assert b"".join(seen) == body

    run(check())


def test_what_is_decompressed_is_handed_on_in_pieces():
    async def check():
        body = bytes(40_000_000)
        async with body_of(b"", None, gzip.compress(body), **{"content-encoding": "gzip"}) as (chunks, go_on):
            sizes = []
            go_on.set()
            await chunks.relay(lambda data: sizes.append(len(data)) or True)
            assert sum(sizes) == len(body)
            assert max(sizes) < 1_000_000

    run(check())


def test_a_body_is_buffered_again_after_a_relay():
    async def check():
        async with body_of(b"a", None, b"b", b"c") as (chunks, go_on):
            await chunks.relay(lambda _: False)
            go_on.set()
            await asyncio.sleep(0.1)
            assert await chunks.rest() == b"bc"

    run(check())


@pytest.mark.quiet_machine
def test_a_busy_loop_is_no_wait_for_the_backend():
    async def check():
        METER.set(meter := Meter())
        async with body_of(None, b"a") as (chunks, go_on):
            loop = asyncio.get_running_loop()

            def write_now(_):
                # Before the task that relays wakes up.
                loop.call_soon(time.sleep, 0.2)
                return False

            loop.call_soon(go_on.set)
            await chunks.relay(write_now)
            assert meter.waited_s < 0.1

    run(check())


def test_a_relay_that_is_given_up_waited_for_the_backend():
    async def check():
        METER.set(meter := Meter())
        async with body_of(None, b"a") as (chunks, go_on):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(chunks.relay(lambda _: True), 0.2)
            go_on.set()
            assert meter.waited_s > 0.15

    run(check())


def test_what_the_writer_raises_is_raised_to_who_relays():
    async def check():
        async with body_of(b"a", None, b"b") as (chunks, go_on):

            def write_now(_):
                raise ValueError("no taste")

            with pytest.raises(ValueError, match="no taste"):
                await chunks.relay(write_now)
            go_on.set()
            assert b"".join([chunk async for chunk in chunks]) == b"b"

    run(check())


def test_a_connection_that_breaks_ends_the_relay_and_is_told_by_the_iteration():
    async def check():
        async with body_of(b"a", b"b", cut=True) as (chunks, _):
            seen = []
            await chunks.relay(lambda data: seen.append(data) or True)
            assert b"".join(seen) == b"ab"
            with pytest.raises(aiohttp.ClientError):
                await anext(chunks)

    run(check())


@contextlib.asynccontextmanager
async def malformed_body(begun, *, in_one_read):
    """The chunks of a body that begins with a chunk of `begun`; the next one has no length, and the backend waits."""
    is_over = asyncio.Event()

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(b"%x\r\n%b\r\n" % (len(begun), begun))
        if not in_one_read:
            await writer.drain()
            await asyncio.sleep(0.05)
        writer.write(b"zz\r\n")
        await is_over.wait()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with (
        server,
        aiohttp.ClientSession(connector=TimedConnector(), response_class=TimedResponse) as session,
        session.get(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/") as response,
    ):
        response.show_life(Liveness())
        yield response.chunks()
        is_over.set()


@pytest.mark.parametrize("in_one_read", [False, True])
def test_a_malformed_chunk_ends_the_relay_after_what_came_before_it(in_one_read):
    async def check():
        async with malformed_body(b"a", in_one_read=in_one_read) as chunks:
            seen = []
            await chunks.relay(lambda data: seen.append(data) or True)
            assert seen == [b"a"]
            with pytest.raises(aiohttp.ClientPayloadError):
                await anext(chunks)

    run(check())


def test_a_malformed_chunk_ends_the_iteration():
    async def check():
        async with malformed_body(b"a", in_one_read=False) as chunks:
            assert await anext(chunks) == b"a"
            with pytest.raises(aiohttp.ClientPayloadError):
                await anext(chunks)

    run(check())


@pytest.mark.parametrize("relays", [False, True])
def test_a_body_that_does_not_end_is_broken_off(relays):
    async def check():
        async with body_of(b"a", None) as (chunks, go_on):
            assert await anext(chunks) == b"a"
            chunks.end_within(0.05)
            if relays:
                await chunks.relay(lambda _: True)
            with pytest.raises(aiohttp.ServerTimeoutError):
                await anext(chunks)
            go_on.set()

    run(check())


def test_bytes_that_came_in_time_are_not_broken_off():
    async def check():
        async with body_of(b"a", b"b", None) as (chunks, go_on):
            assert await anext(chunks) == b"a"
            chunks.end_within(0.1)
            # Its reader is busy elsewhere, as before a client that reads slowly.
            await asyncio.sleep(0.2)
            assert await anext(chunks) == b"b"
            with pytest.raises(aiohttp.ServerTimeoutError):
                await anext(chunks)
            go_on.set()

    run(check())


def test_a_body_may_be_let_run_again():
    async def check():
        async with body_of(b"a", None, b"b") as (chunks, go_on):
            assert await anext(chunks) == b"a"
            chunks.end_within(0.02)
            chunks.end_within(0.02)
            chunks.let_run()
            await asyncio.sleep(0.1)
            go_on.set()
            assert [chunk async for chunk in chunks] == [b"b"]

    run(check())


@pytest.mark.parametrize("pieces", [[b" ", b"\n", b"x", b"y"], [b" \nxy"], [b" \nx", b"y"]])
def test_a_peek_takes_nothing_away(pieces):
    async def check():
        async with body_of(*pieces) as (chunks, _):
            assert (await chunks.peek(bytes.strip)).startswith(b" \nx")
            assert b"".join([chunk async for chunk in chunks]) == b" \nxy"
        async with body_of(b" ", b" ") as (chunks, _):
            assert await chunks.peek(bytes.strip) == b"  "
            assert b"".join([chunk async for chunk in chunks]) == b"  "

    run(check())


def test_a_cancelled_relay_hears_nothing_more():
    async def check():
        async with body_of(b"a", None, b"b") as (chunks, go_on):
            seen, received = [], asyncio.Event()

            def write_now(data):
                seen.append(data)
                received.set()
                return True

            relay = asyncio.create_task(chunks.relay(write_now))
            await received.wait()
            relay.cancel()
            await asyncio.wait([relay])
            go_on.set()
            assert b"".join([chunk async for chunk in chunks]) == b"b"
            assert seen == [b"a"]

    run(check())
