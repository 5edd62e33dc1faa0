"""Answer of a request in a load run, read while it comes; of its text stay the length and the hash."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson

from keywords.engine.http.sse import SseEventTooLongError, SseReader
from keywords.engine.load.bodies import completion_of, parse_leniently
from keywords.engine.load.failures import Failure, describe, of_status, shortened
from keywords.engine.openai.answer import read_usage, token_count
from keywords.engine.openai.event_shape import EventShape
from keywords.engine.openai.stream_events import StreamEvents

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keywords.engine.load.sample import Sample

_EVENT_LIMIT = 4 * 2**20
"""Bytes of one event, and of all that comes between two texts: roles, usage, pings, comments. A chunk with log
probabilities of 20 alternatives has some 2,000."""
_ERROR_BYTES = 16_384
"""What is kept of an answer that is an error."""
_BODY_LIMIT = 64 * 2**20
_SSE_STARTS = (b"data:", b"event:", b"id:", b"retry:", b":", b"\xef\xbb\xbfdata:")
_LONGEST_WORD = 200
"""Characters that are kept of a finish reason or an id; those of real servers have some 40."""
_HASHED_AT_ONCE = 256
_HASH_DIGITS = 16
_DONE = b"[DONE]"
_SUCCESSES, _REDIRECTS, _ERRORS = int(HTTPStatus.OK), int(HTTPStatus.MULTIPLE_CHOICES), int(HTTPStatus.BAD_REQUEST)
"""First status of each class; an enumeration's member is looked up in the time of five numbers."""
_FIRST_SHAPE = 2
"""Chunk whose shape is learned: the first one often has the role too."""
_WORTH_IT = 8
"""Chunks of one shape that make up for learning it."""


class LoadAnswer(StreamEvents):
    """Reads the body of one answer into its sample.

    Args:
        sample: what it fills.
        keeps_text: whether `text` is kept, for the next turn of a conversation.

    Attributes:
        sample: the sample.
        failure: why the request failed; None as long as it has not.
        is_refused: whether the rest of the answer is not worth reading.
        text: the text of the first choice, without thoughts; empty unless it is kept.
    """

    # What an answer begins with is the class's, not set anew for each one.
    failure: Failure | None = None
    is_refused = False
    text = ""
    _sse: SseReader | None = None
    _is_stream: bool | None = None
    _body_bytes = 0
    _bytes_without_text = 0
    _hash: Any = None
    _has_text = False
    _shape: EventShape | None = None
    _read_shape: EventShape | None = None
    _shape_hits = 0
    _shape_at = _FIRST_SHAPE

    def __init__(self, sample: Sample, *, keeps_text: bool = False) -> None:
        self.sample = sample
        self._keeps_text = keeps_text
        self._body: list[bytes] = []
        self._unhashed: list[str] = []
        self._kept: list[str] = []

    def begin(self, status: int, headers: Mapping[bytes, bytes]) -> None:
        """Take the status and the headers, names in lower case."""
        sample = self.sample
        sample.status = status
        sample.request_id = _text(headers.get(b"x-request-id"))
        sample.backend = _text(headers.get(b"x-gateway-backend"))
        encoding = headers.get(b"content-encoding", b"identity").strip().lower()
        if encoding not in {b"", b"identity"}:
            self._refuse(f"the body is encoded as {_text(encoding)}, which was not accepted")
        elif _REDIRECTS <= status < _ERRORS:
            place = _text(headers.get(b"location")) or "nowhere"
            self._refuse(f"the server redirects with {status} to {place}; give that address")
        elif status >= _ERRORS:
            self._is_stream = False
        else:
            kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
            if kind == b"text/event-stream":
                self._is_stream = True
            elif kind == b"application/json":
                self._is_stream = False

    def take(self, data: bytes, at_s: float) -> None:
        """Take bytes of the body that came at a time."""
        shape, sse = self._read_shape, self._sse
        if shape is not None and sse is not None and sse.is_between_events and len(data) <= _EVENT_LIMIT:
            text = shape.text_of(data)
            if text is not None:
                self._take_text(shape, text, at_s)
                return
        sample = self.sample
        if sample.t_first_byte is None:
            sample.t_first_byte = at_s
            if self._is_stream is None:
                self._is_stream = data.lstrip().startswith(_SSE_STARTS)
            if self._is_stream:
                sample.streamed = True
                self._sse = SseReader(event_limit=_EVENT_LIMIT)
        if self._sse is None:
            self._take_body(data)
        else:
            self._take_stream(self._sse, data, at_s)

    def finish(self) -> None:
        """Judge the whole answer."""
        self._hash_text()
        sample = self.sample
        if self.failure is None:
            status = sample.status or 0
            if not _SUCCESSES <= status < _REDIRECTS:
                self.failure = of_status(status, b"".join(self._body))
            elif self._sse is None:
                self._finish_plain()
            else:
                self._finish_stream()
        self.settle()

    def settle(self) -> None:
        """Write what came into the sample, whole or not."""
        sample, times = self.sample, self.sample.chunk_times
        if times:
            sample.t_first_content, sample.t_last_content, sample.text_chunks = times[0], times[-1], len(times)
        self._hash_text()
        if self._hash is not None:
            sample.text_sha256 = self._hash.hexdigest()[:_HASH_DIGITS]
        usage = self.usage
        if usage is not None:
            sample.prompt_tokens = token_count(usage.prompt_tokens)
            sample.output_tokens = token_count(usage.completion_tokens)
        if sample.output_tokens is not None:
            sample.tokens_source = "usage"
        elif sample.text_chunks:
            sample.output_tokens, sample.tokens_source = sample.text_chunks, "chunks"
        if self.failure is not None:
            sample.error, sample.error_message = self.failure
        if self._keeps_text:
            self.text = "".join(self._kept)

    def add_text(self, at_s: float, choice: int, field: str, text: str) -> None:  # noqa: ARG002  # the chunk's time
        """Count a piece of text."""
        self._has_text = True
        self._unhashed.append(text)
        if self._keeps_text and choice == 0 and field in {"content", "text"}:
            self._kept.append(text)

    def add_tool_calls(self, at_s: float, calls: list[Any]) -> None:
        """Count what they add to the generated text: names and arguments."""
        for call in calls:
            function = call.get("function") if isinstance(call, dict) else None
            if isinstance(function, dict):
                for name in ("name", "arguments"):
                    if isinstance(text := function.get(name), str) and text:
                        self.add_text(at_s, -1, name, text)

    def add_finish_reason(self, reason: str) -> None:
        """Keep the first one."""
        if self.sample.finish_reason is None:
            self.sample.finish_reason = shortened(reason, _LONGEST_WORD)

    def add_role(self, role: str) -> None:
        """Pass over it: it is no text."""

    def _take_stream(self, sse: SseReader, data: bytes, at_s: float) -> None:
        try:
            events = sse.read(data)
        except SseEventTooLongError as error:
            self._refuse(str(error))
            return
        self._bytes_without_text += len(data)
        for event in events:
            if event == _DONE:
                self.closed = True
            elif not self.is_refused:
                self._take_event(event, at_s)
        if self._bytes_without_text > _EVENT_LIMIT:
            self._refuse(f"{self._bytes_without_text} bytes of the stream came without any text")
        if sse.error is not None and self.failure is None:
            self.failure = Failure("stream_error", describe(sse.error))

    def _refuse(self, why: str) -> None:
        self.failure = self.failure or Failure("malformed", why)
        self.is_refused = True

    def _take_body(self, data: bytes) -> None:
        self._body_bytes += len(data)
        if self.sample.status is not None and self.sample.status >= _ERRORS:
            if self._body_bytes - len(data) < _ERROR_BYTES:
                self._body.append(data[:_ERROR_BYTES])
        elif self._body_bytes > _BODY_LIMIT:
            self._refuse(f"the answer is longer than {_BODY_LIMIT} bytes")
        else:
            self._body.append(data)

    def _take_event(self, event: bytes, at_s: float) -> None:
        shape = self._shape
        if shape is not None and (text := shape.text_of(event)) is not None:
            self._take_text(shape, text, at_s)
            return
        self._parse_event(event, at_s)

    def _take_text(self, shape: EventShape, text: str, at_s: float) -> None:
        """Do what `add_text` and `_add_chunk` do: the usual chunk is worth a call less for each."""
        self._shape_hits += 1
        self._bytes_without_text = 0
        self._unhashed.append(text)
        self.sample.chunk_times.append(at_s)
        if self._keeps_text and shape.choice == 0 and shape.field in {"content", "text"}:
            self._kept.append(text)
        if len(self._unhashed) >= _HASHED_AT_ONCE:
            self._hash_text()

    def _parse_event(self, event: bytes, at_s: float) -> None:
        try:
            body = orjson.loads(event)
        except ValueError:
            body = parse_leniently(event)
        if not isinstance(body, dict):
            self._refuse(f"an event is no JSON object: {describe(event)}")
            return
        self._has_text = False
        self.read_body(body, at_s)
        if self._has_text:
            self._add_chunk(at_s)
            if len(self.sample.chunk_times) >= self._shape_at:
                self._learn_shape(event)
        if self.error is not None and self.failure is None:
            self.failure = Failure("stream_error", describe(self.error.get("message") or self.error))

    def _add_chunk(self, at_s: float) -> None:
        self._bytes_without_text = 0
        self.sample.chunk_times.append(at_s)
        if len(self._unhashed) >= _HASHED_AT_ONCE:
            self._hash_text()

    def _learn_shape(self, event: bytes) -> None:
        """Learn the shape of the events; ever more rarely, if they never have the same for long."""
        chunks = len(self.sample.chunk_times)
        self._shape_at = chunks + (1 if self._shape_hits >= _WORTH_IT else chunks)
        self._shape, self._shape_hits = EventShape.of(event), 0
        self._read_shape = None if self._shape is None else self._shape.as_read()

    def _finish_stream(self) -> None:
        sample = self.sample
        if not self.closed and sample.finish_reason is None:
            rest = b"" if self._sse is None else self._sse.rest
            if sample.text_length or self.usage is not None or rest.startswith(b"data:"):
                self.failure = Failure("cut", "the stream ended without a finish reason and without [DONE]")
            else:
                self.failure = Failure("malformed", "the stream has no event of a completion")
        elif not sample.text_length:
            self.failure = Failure("empty", "the stream ended without any text")

    def _finish_plain(self) -> None:
        body = completion_of(b"".join(self._body))
        if isinstance(body, Failure):
            self.failure = body
            return
        self.usage = read_usage(body.get("usage"))
        for choice in body["choices"]:
            # A message has the fields of a delta.
            self._read_choice({**choice, "delta": choice.get("message")}, 0.0)
        self._hash_text()
        if not self.sample.text_length:
            self.failure = Failure("empty", "the answer has no text")

    def _hash_text(self) -> None:
        if self._unhashed:
            text = "".join(self._unhashed)
            self._unhashed.clear()
            self.sample.text_length += len(text)
            self._hash = self._hash or hashlib.sha256()
            self._hash.update(text.encode("utf-8", "surrogatepass"))


def _text(value: bytes | None) -> str | None:
    return None if value is None else shortened(value.decode("latin-1"), _LONGEST_WORD)
