"""Streamed chat completion, assembled event by event, with its times."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from keywords.engine.http.sse import SseReader
from keywords.engine.openai.answer import read_usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keywords.engine.http.exchange import Chunk, Exchange
    from keywords.engine.http.sse import SseEvent
    from keywords.engine.openai.answer import Usage

_TEXT_FIELDS = ("content", "reasoning_content", "refusal")


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


class StreamAssembly:
    """Assembles a streamed answer chunk by chunk."""

    def __init__(self) -> None:
        self._reader = SseReader()
        self._events: list[SseEvent] = []
        self._problems: list[str] = []
        self._texts: dict[int, str] = {}
        self._finish_reasons: list[str] = []
        self._roles: list[str] = []
        self._pieces: list[Piece] = []
        self._usage: Usage | None = None
        self._error: dict[str, Any] | None = None
        self._error_at_s: float | None = None
        self._model: str | None = None
        self._closed = False

    @property
    def has_content(self) -> bool:
        """Whether any generated text has come."""
        return bool(self._pieces)

    def feed(self, chunk: Chunk) -> None:
        """Parse the next chunk."""
        for event in self._reader.feed(chunk):
            self._events.append(event)
            if event.is_done:
                self._closed = True
                continue
            try:
                body = event.json()
            except ValueError as error:
                self._problems.append(f"event {len(self._events)} is not JSON: {error}: {event.data[:200]!r}")
                continue
            if isinstance(body, dict):
                self._read_body(body, event.at_s)
            else:
                self._problems.append(f"event {len(self._events)} is not an object: {event.data[:200]!r}")

    def answer(self, exchange: Exchange) -> StreamedAnswer:
        """End the stream and return its answer; `exchange` is the one that the chunks belong to."""
        self._reader.close()
        indexes = sorted(self._texts) or [0]
        return StreamedAnswer(
            texts=[self._texts.get(index, "") for index in indexes],
            finish_reasons=self._finish_reasons,
            roles=self._roles,
            usage=self._usage,
            error=self._error,
            error_at_s=self._error_at_s,
            closed=self._closed,
            pieces=self._pieces,
            events=self._events,
            problems=[*self._reader.problems, *self._problems],
            model=self._model,
            exchange=exchange,
        )

    def _read_body(self, body: dict[str, Any], at_s: float) -> None:
        error = body.get("error")
        if error and self._error is None:
            self._error = error if isinstance(error, dict) else {"message": str(error)}
            self._error_at_s = at_s
        if isinstance(body.get("usage"), dict):
            self._usage = read_usage(body["usage"])
        if self._model is None and isinstance(body.get("model"), str):
            self._model = body["model"]
        choices = body.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict):
                self._read_choice(choice, at_s)

    def _read_choice(self, choice: dict[str, Any], at_s: float) -> None:
        index = choice.get("index")
        index = index if isinstance(index, int) else 0
        self._texts.setdefault(index, "")
        delta = choice.get("delta")
        if isinstance(delta, dict):
            if isinstance(delta.get("role"), str):
                self._roles.append(delta["role"])
            if isinstance(delta.get("content"), str):
                self._texts[index] += delta["content"]
            self._pieces += [
                Piece(at_s, index, delta[name])
                for name in _TEXT_FIELDS
                if isinstance(delta.get(name), str) and delta[name]
            ]
        if isinstance(choice.get("text"), str):
            self._texts[index] += choice["text"]
            self._pieces += [Piece(at_s, index, choice["text"])] if choice["text"] else []
        if isinstance(choice.get("finish_reason"), str):
            self._finish_reasons.append(choice["finish_reason"])
