"""Server of the scripted backend: an asyncio protocol that records requests and plays plans."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections import deque
from random import Random
from typing import TYPE_CHECKING, Any

from keywords.engine import clock
from keywords.engine.scripted.delays import AnswerDelays, History, draw
from keywords.engine.scripted.family import ModelRequest
from keywords.engine.scripted.head import BadRequestError, Request, RequestReader, plain_answer
from keywords.engine.scripted.plan import Plan, Write, is_cacheable, plan_answer, plan_probe
from keywords.engine.scripted.playbook import Playbook
from keywords.engine.scripted.record import KEPT, RecordedRequest, Sent
from keywords.engine.scripted.wire import find_family, lookup

if TYPE_CHECKING:
    from keywords.engine.scripted.script import Script

_PLAN_CACHE_SIZE = 512
# A reset overtakes bytes that the other side has not read yet, so it comes a moment after the last one.
_BEFORE_RESET_S = 0.01
_BAD = plain_answer(400, b'{"error": {"message": "No JSON object in an HTTP/1.1 request."}}')


class Stage:
    """State that all connections of one backend share.

    Args:
        models: names that the backend lists.
    """

    def __init__(self, models: tuple[str, ...]) -> None:
        self.models = models
        self.playbook = Playbook()
        self.records: deque[RecordedRequest] = deque(maxlen=KEPT)
        self.count = 0
        self.connections: set[Connection] = set()
        self.connected = 0
        self.history = History()
        self._plans: dict[tuple[int, str, bytes], tuple[Script, Plan]] = {}

    def record(self, request: Request, connection: int, at_s: float) -> RecordedRequest:
        """Record a request."""
        record = RecordedRequest(self.count, connection, request.method, request.path, request.head, request.body, at_s)
        self.count += 1
        self.records.append(record)
        return record

    def plan(self, request: Request) -> tuple[Script | None, Plan | None]:
        """The script of a request and its plan; no plan for a model request whose body is no JSON object."""
        path = request.path.partition("?")[0]
        family, model = find_family(path)
        if family is None or request.method != "POST":
            # A script's body would be read as the next answer.
            script = self.playbook.next_for_probe(path) if request.method != "HEAD" else None
            status, body = lookup(request.method, path, request.head, self.models)
            if script is not None:
                return script, plan_probe(script, body)
            answer = plain_answer(status, body)
            if request.method == "HEAD":
                answer, body = answer.removesuffix(body), b""
            write = Write(answer, ((None, len(body)),))
            return None, Plan((write,), "complete", write)
        try:
            fields = json.loads(request.body)
        except ValueError:
            fields = None
        if not isinstance(fields, dict):
            return None, None
        model_request = ModelRequest(fields, model or str(fields.get("model", "")))
        script = self.playbook.next(path, model_request.model)
        key = (id(script), path, request.body)
        cached = self._plans.get(key)
        if cached is not None:
            return cached
        planned = script, plan_answer(script, family, model_request)
        if is_cacheable(script):
            if len(self._plans) >= _PLAN_CACHE_SIZE:
                self._plans.clear()
            # Keeps the script alive, so that no other script gets its id.
            self._plans[key] = planned
        return planned


class Connection(asyncio.Protocol):
    """One connection; it answers each request as scripted before it reads the next."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._reader = RequestReader()
        self._transport: asyncio.Transport | None = None
        self._number = stage.connected
        stage.connected += 1
        self._current: RecordedRequest | None = None
        self._playing: asyncio.Task[None] | None = None
        self._waiting = False
        self._stale = False
        self._writable = asyncio.Event()
        self._writable.set()

    @property
    def transport(self) -> asyncio.Transport:
        """The open connection."""
        assert self._transport is not None  # noqa: S101  # asyncio connects a protocol first
        return self._transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to read after the script's connect delay."""
        self._transport = transport  # type: ignore[assignment]  # TCP gives a Transport
        self._stage.connections.add(self)
        script = self._stage.playbook.on_connect()
        if script.connect_delay:
            self._waiting = True
            delay = draw(script.connect_delay, Random(f"{script.seed}/connection/{self._number}"))  # noqa: S311
            asyncio.get_running_loop().call_later(delay, self._begin)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # a clean close is a disconnect too
        """Record a disconnect before the end of an answer."""
        self._stage.connections.discard(self)
        self._record_disconnect()

    def eof_received(self) -> bool:
        """Treat a half-closed connection as a disconnect, as HTTP servers do."""
        self._record_disconnect()
        return False

    def pause_writing(self) -> None:
        """Hold further writes back: the client reads too slowly."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Continue to write."""
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        """Answer all complete requests."""
        self._reader.feed(data)
        self._advance()

    def drop(self) -> None:
        """Reset the connection; this is no disconnect by the client."""
        if self._current is not None and self._current.ended_at_s is None:
            self._current.ending, self._current.ended_at_s = "dropped", clock.now()
        if self._playing is not None:
            self._playing.cancel()
        _reset(self.transport)

    def _begin(self) -> None:
        self._waiting = False
        self._advance()

    def _advance(self) -> None:
        while self._current is None and not self._waiting and not self.transport.is_closing():
            try:
                request = self._reader.next()
            except BadRequestError:
                self.transport.write(_BAD)
                self.transport.close()
                return
            if request is None:
                if self._reader.expects_continue():
                    self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                return
            self._answer(request)

    def _answer(self, request: Request) -> None:
        record = self._stage.record(request, self._number, clock.now())
        if self._stale:
            record.ending, record.ended_at_s = "stale", clock.now()
            _reset(self.transport)
            return
        script, plan = self._stage.plan(request)
        if plan is None:
            self.transport.write(_BAD)
            record.ending, record.ended_at_s = "complete", clock.now()
        elif plan.immediate is not None:
            record.sent.append(Sent(now := clock.now(), plan.immediate.marks[0][1]))
            self.transport.write(plan.immediate.wire)
            record.ending, record.ended_at_s = "complete", now
            self._after(script, request)
        else:
            assert script is not None  # noqa: S101  # an answer without a script is immediate
            self._current = record
            self._playing = asyncio.get_running_loop().create_task(self._play(script, plan, request, record))

    async def _play(self, script: Script, plan: Plan, request: Request, record: RecordedRequest) -> None:
        async with self._stage.history.slot(script.slots):
            await self._write_all(script, plan, record, request.body)
        if plan.ending == "silence":
            record.ending = plan.ending
            return  # the connection stays busy until the client disconnects
        if plan.ending == "cut":
            if plan.writes:
                await asyncio.sleep(_BEFORE_RESET_S)
            self._finish(record, plan)
            _reset(self.transport)
            return
        if plan.ending == "close":
            self._finish(record, plan)
            self.transport.close()
            return
        self._current = self._playing = None
        self._after(script, request)
        self._advance()

    async def _write_all(self, script: Script, plan: Plan, record: RecordedRequest, body: bytes) -> None:
        """Send all writes, each after its delays."""
        delays = AnswerDelays(script, self._stage.history, record.number, body)
        if first_s := delays.first_s():
            await asyncio.sleep(first_s)
        sent_chunks = 0
        for write in plan.writes:
            is_held = script.hold_after is not None and (len(plan.writes) == 1 or sent_chunks >= script.hold_after)
            if is_held:
                await self._stage.history.released()
            sent_chunks += sum(chunk is not None for chunk, _ in write.marks)
            if delay_s := delays.before_s(write):
                await asyncio.sleep(delay_s)
            if stalled_s := delays.stalled_s():
                await asyncio.sleep(stalled_s)
            completes = plan.ending == "complete" and write is plan.writes[-1]
            await self._write(script, write, record, completes=completes)

    async def _write(self, script: Script, write: Write, record: RecordedRequest, *, completes: bool) -> None:
        """Send one write; one turn of the event loop keeps it apart from the next."""
        pieces = [write.wire]
        if script.split_bytes is not None:
            size = script.split_bytes
            pieces = [write.wire[at : at + size] for at in range(0, len(write.wire), size)]
        left = len(write.wire)
        at_s = clock.now()
        for number, piece in enumerate(pieces):
            if number:
                await asyncio.sleep(script.split_pause_s)
            if left > write.framing:  # the events end in this piece or a later one
                at_s = clock.now()
            self.transport.write(piece)
            left -= len(piece)
        if completes:
            # Not one turn later: a client may disconnect as soon as it has the last byte.
            record.ending, record.ended_at_s = "complete", at_s
        record.sent.extend(Sent(at_s, end_byte, chunk) for chunk, end_byte in write.marks)
        await asyncio.sleep(0)
        await self._writable.wait()

    def _finish(self, record: RecordedRequest, plan: Plan) -> None:
        record.ending, record.ended_at_s = plan.ending, clock.now()
        self._current = self._playing = None

    def _after(self, script: Script | None, request: Request) -> None:
        """Close or keep the connection after a whole answer."""
        keep_alive = "keep" if script is None else script.keep_alive
        self._stale = keep_alive == "stale"
        if request.closes or keep_alive in {"announced", "silent"}:
            self.transport.close()

    def _record_disconnect(self) -> None:
        record, self._current = self._current, None
        if record is not None and record.ended_at_s is None:
            record.disconnected_at_s = clock.now()
        if self._playing is not None:
            self._playing.cancel()


def _reset(transport: asyncio.Transport) -> None:
    """Close the connection with a TCP reset, as a crashed process does."""
    connection: Any = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
