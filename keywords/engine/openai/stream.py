"""Streamed chat completion, assembled event by event, with its times."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from keywords.engine.http.sse import SseReader
from keywords.engine.openai.stream_events import StreamEvents, choice_index

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keywords.engine.http.exchange import Chunk, Exchange
    from keywords.engine.http.sse import SseEvent
    from keywords.engine.openai.answer import Usage

_ANSWER_FIELDS = frozenset({"content", "text"})


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of generated text in a stream; it may hold several tokens.

    Attributes:
        at_s: when it was read, seconds from sending the request.
        choice: the index of its choice.
        text: never empty.
    """

    at_s: float
    choice: int
    text: str


@dataclass(frozen=True, slots=True, repr=False)
class StreamedAnswer:
    """A streamed chat or text completion, whole or broken off.

    All times are seconds from sending the request, connecting included, on the monotonic clock.

    Attributes:
        texts: the text of each choice, in the order of their index; `[""]` if no choice came.
        finish_reasons: all finish reasons in the order of arrival.
        roles: all roles in the order of arrival.
        usage: the last token counts; None if none came.
        error: the `error` object of the first error event; None if there was none.
        error_at_s: when that event came.
        closed: whether `[DONE]` came.
        pieces: the generated text with its times.
        events: all events, `[DONE]` included.
        problems: violations of the stream format or of JSON, one sentence each.
        model: the model that the events name; None if they name none.
        exchange: the HTTP exchange; its `failure` says why a stream broke off.
    """

    texts: list[str]
    finish_reasons: list[str]
    roles: list[str]
    usage: Usage | None
    error: dict[str, Any] | None
    error_at_s: float | None
    closed: bool
    pieces: list[Piece]
    events: list[SseEvent]
    problems: list[str]
    model: str | None
    exchange: Exchange

    def __repr__(self) -> str:
        return (
            f"StreamedAnswer({self.text!r}, finish_reasons={self.finish_reasons!r}, error={self.error!r}, "
            f"closed={self.closed}, failure={self.failure!r}, total_s={self.total_s:.3f})"
        )

    @property
    def text(self) -> str:
        """The text of the first choice."""
        return self.texts[0]

    @property
    def finish_reason(self) -> str | None:
        """The first finish reason; None if none came."""
        return self.finish_reasons[0] if self.finish_reasons else None

    @property
    def status(self) -> int | None:
        """The HTTP status."""
        return self.exchange.status

    @property
    def headers(self) -> Mapping[str, str]:
        """The answer's headers, names in lower case."""
        return self.exchange.response_headers

    @property
    def backend(self) -> str | None:
        """The backend that answered, from the header `x-gateway-backend`; None without that header."""
        return self.headers.get("x-gateway-backend")

    @property
    def failure(self) -> str | None:
        """Why the connection broke off; None if the body is complete."""
        return self.exchange.failure

    @property
    def chunks(self) -> list[Chunk]:
        """The body, one chunk for each read."""
        return self.exchange.chunks

    @property
    def ttfb_s(self) -> float | None:
        """The time to the first byte of the body; None if there was none."""
        return self.chunks[0].at_s if self.chunks else None

    @property
    def ttft_s(self) -> float | None:
        """The time to the first generated text, a bare role not counted; None if there was none."""
        return self.pieces[0].at_s if self.pieces else None

    @property
    def gaps_s(self) -> list[float]:
        """The times between successive pieces of text: gaps between chunks, not between tokens."""
        return [after.at_s - before.at_s for before, after in pairwise(self.pieces)]

    @property
    def total_s(self) -> float:
        """The time to the end of the stream."""
        return self.exchange.total_s


class StreamAssembly(StreamEvents):
    """Assembles a streamed answer chunk by chunk, and keeps all of it."""

    def __init__(self) -> None:
        super().__init__()
        self._reader = SseReader()
        self._events: list[SseEvent] = []
        self._problems: list[str] = []
        self._texts: dict[int, list[str]] = {}
        self._finish_reasons: list[str] = []
        self._roles: list[str] = []
        self._pieces: list[Piece] = []

    @property
    def has_content(self) -> bool:
        """Whether any generated text has come."""
        return bool(self._pieces)

    def feed(self, chunk: Chunk) -> None:
        """Parse the next chunk."""
        for event in self._reader.feed(chunk):
            self._events.append(event)
            if event.is_done:
                self.closed = True
                continue
            try:
                body = event.json()
            except ValueError as error:
                self._problems.append(f"event {len(self._events)} is not JSON: {error}: {event.data[:200]!r}")
                continue
            if isinstance(body, dict):
                self.read_body(body, event.at_s)
            else:
                self._problems.append(f"event {len(self._events)} is not an object: {event.data[:200]!r}")

    def answer(self, exchange: Exchange) -> StreamedAnswer:
        """End the stream and return its answer; `exchange` is the one that the chunks belong to."""
        self._reader.close()
        indexes = sorted(self._texts) or [0]
        return StreamedAnswer(
            texts=["".join(self._texts.get(index, ())) for index in indexes],
            finish_reasons=self._finish_reasons,
            roles=self._roles,
            usage=self.usage,
            error=self.error,
            error_at_s=self.error_at_s,
            closed=self.closed,
            pieces=self._pieces,
            events=self._events,
            problems=[*self._reader.problems, *self._problems],
            model=self.model,
            exchange=exchange,
        )

    def add_text(self, at_s: float, choice: int, field: str, text: str) -> None:
        """Keep a piece; thoughts and refusals are no part of the answer's text."""
        self._pieces.append(Piece(at_s, choice, text))
        if field in _ANSWER_FIELDS:
            self._texts[choice].append(text)

    def add_finish_reason(self, reason: str) -> None:
        """Keep it."""
        self._finish_reasons.append(reason)

    def add_role(self, role: str) -> None:
        """Keep it."""
        self._roles.append(role)

    def add_tool_calls(self, at_s: float, calls: list[Any]) -> None:
        """Leave them to `tool_calls`, which reads the events."""

    def _read_choice(self, choice: dict[str, Any], at_s: float) -> None:
        self._texts.setdefault(choice_index(choice), [])
        super()._read_choice(choice, at_s)
