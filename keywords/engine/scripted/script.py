"""Script of the scripted backend's answer to a request, and its form as JSON."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

FaultKind = Literal["cut", "close", "end", "silence", "error", "bad_json", "bad_utf8", "no_end"]
FinishReason = Literal["stop", "length", "tool_calls"]
KeepAlive = Literal["keep", "announced", "silent", "stale"]
RetryAfterForm = Literal["seconds", "milliseconds", "date"]
WORDS = ("One", " two", " three", " four", ".")


@dataclass(frozen=True, slots=True)
class Uniform:
    """A delay drawn evenly between two bounds, in seconds."""

    low_s: float
    high_s: float

    def draw(self, random: Random) -> float:
        """Draw one delay in seconds."""
        return random.uniform(self.low_s, self.high_s)


@dataclass(frozen=True, slots=True)
class Exponential:
    """A delay drawn from the exponential distribution, in seconds: mostly short, now and then long."""

    mean_s: float

    def draw(self, random: Random) -> float:
        """Draw one delay in seconds."""
        return random.expovariate(1 / self.mean_s)


Delay = float | Uniform | Exponential


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool call in the answer.

    Attributes:
        name: the tool's name.
        arguments: its arguments, a JSON object as text.
    """

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Fault:
    """How and where an answer breaks; without a position, before the status line.

    Attributes:
        kind: `cut` resets the connection (TCP RST), `close` closes it (TCP FIN) without finishing the HTTP answer,
            `end` finishes the HTTP answer early but properly, `silence` sends nothing more and keeps the connection
            open, `error` sends the family's own error in the stream (a plain answer is that error under 200),
            `bad_json` and `bad_utf8` spoil the next chunk (a plain answer: its body) and go on, `no_end` sends a whole
            stream without its last event, such as `[DONE]`, and keeps the connection open.
        after: chunks of a stream that come first; a plain answer breaks in the middle of its body.
        at_byte: bytes of the answer's body that come first, HTTP's head and framing not counted.
    """

    kind: FaultKind
    after: int | None = None
    at_byte: int | None = None

    def __post_init__(self) -> None:
        """Refuse a fault that contradicts itself.

        Raises:
            ValueError: two positions, a negative one, or one that this kind cannot have.
        """
        if self.after is not None and self.at_byte is not None:
            raise ValueError(f"Fault {self.kind}: give after={self.after} or at_byte={self.at_byte}, not both.")
        if (self.after or 0) < 0 or (self.at_byte or 0) < 0:
            raise ValueError(f"Fault {self.kind}: a position is 0 or more.")
        if self.kind in {"bad_json", "bad_utf8"} and self.after is None:
            raise ValueError(f"Fault {self.kind} spoils a whole chunk: give after, the number of chunks before it.")
        if self.kind in {"end", "error"} and self.after is None and self.at_byte is None:
            raise ValueError(f"Fault {self.kind} needs an answer to break: give after or at_byte.")


@dataclass(frozen=True, slots=True)
class Stall:
    """A time in which the backend sends nothing; requests are read, and answered afterwards.

    Attributes:
        after_s: seconds from the first request that plays this script.
        length_s: seconds.
    """

    after_s: float
    length_s: float


_LEAST = {"join": 1, "slots": 1, "split_bytes": 1, "tokens_per_chunk": 0, "tokens_per_thought": 0, "hold_after": 0}


@dataclass(frozen=True, slots=True)
class Script:
    """The backend's answer to a request.

    Attributes:
        chunks: the text, chunk by chunk; a plain answer joins them.
        thoughts: chunks of thoughts that come before those of the text in OpenAI's and Ollama's streams of chat.
        tool_calls: calls that follow the text.
        tokens_per_chunk: tokens of the usage that each chunk counts for.
        finish_reason: OpenAI's finish reason; each family translates it.
        tokens_per_thought: the same of each chunk of thoughts; counted in the total too, as OpenAI does.
        usage: whether the answer carries its token counts.
        stream: whether a request for a stream gets one; if not, a plain answer.
        raw_events: the exact events of a stream, each a chunk, in place of the format's own.
        connect_delay: seconds from a new connection to the first read.
        first_delay: seconds of silence before the status line.
        repeated_first_delay: the same for a request whose body came before, as from a server with a prefix cache; None
            makes no difference.
        chunk_delay: seconds before each chunk of a stream; before each write where chunks are joined.
        chunk_delays: seconds before the first chunks, one for each; `chunk_delay` holds from there on.
        finish_delay: seconds from the last chunk of a stream to the events that end it.
        stall: a time in which nothing is sent.
        hold_after: chunks of a stream that come before the backend waits for an order to go on; with 0, not even the
            status line comes before. A plain answer is held whole. None waits for no order.
        slots: requests that are answered at the same time; further ones wait in order. None for no limit.
        seed: of the drawn delays, which depend only on it and on the request's number.
        early_role: whether OpenAI's stream opens at once with a chunk of a role and no text.
        crlf: whether lines of a stream end with CR LF.
        comments: whether an SSE comment precedes each event of a stream.
        split_bytes: size of the pieces that TCP writes are split into, framing included.
        split_pause_s: pause between these pieces, so that the other side reads them one by one.
        join: chunks of a stream in one TCP write.
        keep_alive: what happens to the connection after the answer: `keep`; `announced` closes it with
            `connection: close`, `silent` closes it without, `stale` closes it when the next request comes.
        fault: how and where the answer breaks.
        status: HTTP status; any other than 200 comes with `body`.
        headers: further headers of the answer.
        retry_after_s: the wait that the answer asks for, in `retry_after_form`.
        retry_after_form: `retry-after` in whole seconds (rounded up), `retry-after-ms`, or `retry-after` with a date.
        body: exact body of an answer that is not 200; the family's error object if left out.
    """

    chunks: tuple[str, ...] = WORDS
    thoughts: int = 0
    tool_calls: tuple[ToolCall, ...] = ()
    tokens_per_chunk: int = 1
    tokens_per_thought: int = 0
    finish_reason: FinishReason = "stop"
    usage: bool = True
    stream: bool = True
    raw_events: tuple[str, ...] = ()
    connect_delay: Delay = 0.0
    first_delay: Delay = 0.0
    repeated_first_delay: Delay | None = None
    chunk_delay: Delay = 0.0
    chunk_delays: tuple[float, ...] = ()
    finish_delay: Delay = 0.0
    stall: Stall | None = None
    hold_after: int | None = None
    slots: int | None = None
    seed: int = 0
    early_role: bool = False
    crlf: bool = False
    comments: bool = False
    split_bytes: int | None = None
    split_pause_s: float = 0.001
    join: int = 1
    keep_alive: KeepAlive = "keep"
    fault: Fault | None = None
    status: int = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)
    retry_after_s: float | None = None
    retry_after_form: RetryAfterForm = "seconds"
    body: bytes | None = None

    @property
    def text(self) -> str:
        """The whole text of the answer."""
        return "".join(self.chunks)

    def __post_init__(self) -> None:
        """Refuse a script that cannot be played.

        Raises:
            ValueError: a fault is placed after more chunks than there are, or a number is too small.
        """
        for name, least in _LEAST.items():
            number = getattr(self, name)
            if number is not None and number < least:
                raise ValueError(f"{name}={number} is too small: give {least} or more.")
        if self.fault is None or self.fault.after is None or self.tool_calls:
            return
        if self.thoughts and self.fault.kind == "bad_utf8":
            raise ValueError("Fault bad_utf8 spoils a chunk of the text: leave the thoughts out.")
        most = self.thoughts + len(self.chunks) - (self.fault.kind in {"bad_json", "bad_utf8"})
        if self.fault.after > most:
            raise ValueError(
                f"Fault {self.fault.kind} after={self.fault.after} does not fit {len(self.chunks)} chunks: "
                f"give 0 to {most}."
            )


def words(count: int) -> tuple[str, ...]:
    """`count` different chunks of five characters, such as ` w007`."""
    return tuple(f" w{number:03d}" for number in range(count))


_DEFAULT = Script()


def to_json(script: Script) -> dict[str, Any]:
    """Convert a script for `json.dumps`; only fields that differ from `Script()`."""
    values = {
        each.name: _plain(value)
        for each in fields(Script)
        if (value := getattr(script, each.name)) != getattr(_DEFAULT, each.name)
    }
    if script.body is not None:
        values["body"] = {"base64": base64.b64encode(script.body).decode()}
    return values


def _plain(value: Any) -> Any:
    """The fields of a dataclass or of each item of a tuple; any other value unchanged."""
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


def from_json(source: Mapping[str, Any]) -> Script:
    """Build a script from its JSON form, written by `to_json` or by hand.

    A drawn delay is `{"low_s": 0.1, "high_s": 0.2}` or `{"mean_s": 0.1}`; a `body` is text, or `{"base64": "…"}`.

    Raises:
        ValueError: a field is unknown, or the script cannot be played.
    """
    known = {each.name for each in fields(Script)}
    if unknown := sorted(set(source) - known):
        raise ValueError(f"A script has no {', '.join(unknown)}: its fields are {', '.join(sorted(known))}.")
    values = dict(source)
    for name in ("connect_delay", "first_delay", "repeated_first_delay", "chunk_delay", "finish_delay"):
        delay = values.get(name)
        if isinstance(delay, dict):
            values[name] = Exponential(**delay) if "mean_s" in delay else Uniform(**delay)
    for name in ("chunks", "raw_events", "chunk_delays"):
        if name in values:
            values[name] = tuple(values[name])
    if values.get("stall") is not None:
        values["stall"] = Stall(**values["stall"])
    values["tool_calls"] = tuple(ToolCall(**call) for call in values.get("tool_calls", ()))
    if values.get("fault") is not None:
        values["fault"] = Fault(**values["fault"])
    if "body" in values:
        body = values["body"]
        values["body"] = base64.b64decode(body["base64"]) if isinstance(body, dict) else str(body).encode()
    return Script(**values)


def load(text: str) -> tuple[Script, ...]:
    """Read the scripts of a JSON file: one object, or a list of them, played in order."""
    content = json.loads(text)
    return tuple(from_json(each) for each in (content if isinstance(content, list) else [content]))
