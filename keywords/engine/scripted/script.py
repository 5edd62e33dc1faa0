"""What a scripted backend does with a request: the script, and its form as JSON."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

FaultKind = Literal["cut", "close", "end", "silence", "error", "bad_json", "bad_utf8"]
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
        """One delay in seconds."""
        return random.uniform(self.low_s, self.high_s)


@dataclass(frozen=True, slots=True)
class Exponential:
    """A delay drawn from the exponential distribution, in seconds: mostly short, now and then long."""

    mean_s: float

    def draw(self, random: Random) -> float:
        """One delay in seconds."""
        return random.expovariate(1 / self.mean_s)


Delay = float | Uniform | Exponential


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool, as a part of the answer.

    Attributes:
        name: the tool's name.
        arguments: its arguments, a JSON object as text.
    """

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Fault:
    """How and where an answer breaks. Without a position it breaks before its first byte, the status line included.

    Attributes:
        kind: `cut` resets the connection (TCP RST), `close` closes it (TCP FIN) without finishing the HTTP answer,
            `end` finishes the HTTP answer early but properly, `silence` sends nothing more and keeps the connection
            open, `error` sends the family's own error in the stream (a plain answer is that error under 200),
            `bad_json` and `bad_utf8` spoil the next chunk (a plain answer: its body) and go on.
        after: so many chunks of a stream come first; a plain answer breaks in the middle of its body.
        at_byte: so many bytes of the answer's body come first, without HTTP's head and framing.
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
class Script:
    """What the backend does with a request.

    Attributes:
        chunks: the answer, piece by piece; a plain answer is all of them joined.
        tool_calls: calls that follow the text.
        tokens_per_chunk: how many tokens of the usage each chunk counts for.
        finish_reason: how the answer ends, in OpenAI's words; each family says it in its own.
        usage: whether the answer says how many tokens it took.
        connect_delay: seconds from a new connection to the first look at what it sends.
        first_delay: seconds of silence before the status line.
        chunk_delay: seconds before each chunk of a stream; before each write where chunks are joined.
        seed: of the drawn delays; a request's draws depend on it and on the request's number only.
        early_role: OpenAI's stream starts at once with a chunk that has a role and no text.
        crlf: lines of a stream end with CR LF.
        comments: each event of a stream has an SSE comment before it.
        split_bytes: TCP writes are split into pieces of so many bytes, framing included.
        split_pause_s: pause between these pieces, so that the other side reads them one by one.
        join: so many chunks of a stream go into one TCP write.
        keep_alive: after the answer the connection is kept, or closed with `connection: close` (`announced`), closed
            without a word (`silent`), or closed as soon as the next request comes in on it (`stale`).
        fault: how and where the answer breaks.
        status: an answer other than 200 is `body` under this status.
        headers: further headers of the answer.
        retry_after_s: what the answer asks the client to wait, in `retry_after_form`.
        retry_after_form: `retry-after` in whole seconds (rounded up), `retry-after-ms`, or `retry-after` with a date.
        body: exact body of an answer that is not 200; the family's own error object if left out.
    """

    chunks: tuple[str, ...] = WORDS
    tool_calls: tuple[ToolCall, ...] = ()
    tokens_per_chunk: int = 1
    finish_reason: FinishReason = "stop"
    usage: bool = True
    connect_delay: Delay = 0.0
    first_delay: Delay = 0.0
    chunk_delay: Delay = 0.0
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
        """Refuse a script that could never happen.

        Raises:
            ValueError: a fault is placed after more chunks than there are, or a number is too small.
        """
        for name, least in (("join", 1), ("split_bytes", 1), ("tokens_per_chunk", 0)):
            number = getattr(self, name)
            if number is not None and number < least:
                raise ValueError(f"{name}={number} is too small: give {least} or more.")
        if self.fault is None or self.fault.after is None or self.tool_calls:
            return
        most = len(self.chunks) - (self.fault.kind in {"bad_json", "bad_utf8"})
        if self.fault.after > most:
            raise ValueError(
                f"Fault {self.fault.kind} after={self.fault.after} does not fit {len(self.chunks)} chunks: "
                f"give 0 to {most}."
            )


def words(count: int) -> tuple[str, ...]:
    """So many different chunks of five characters, such as ` w007`."""
    return tuple(f" w{number:03d}" for number in range(count))


_USUAL = Script()


def to_json(script: Script) -> dict[str, Any]:
    """The script for `json.dumps`; only what differs from a plain `Script()`."""
    found = {
        each.name: _plain(value)
        for each in fields(Script)
        if (value := getattr(script, each.name)) != getattr(_USUAL, each.name)
    }
    if script.body is not None:
        found["body"] = {"base64": base64.b64encode(script.body).decode()}
    return found


def _plain(value: Any) -> Any:
    """The fields of a delay, of a fault or of each tool call; all else as it is."""
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


def from_json(found: Mapping[str, Any]) -> Script:
    """A script from its JSON form, as `to_json` gives it or as a person writes it.

    A drawn delay is `{"low_s": 0.1, "high_s": 0.2}` or `{"mean_s": 0.1}`; a `body` is text, or `{"base64": "…"}`.

    Raises:
        ValueError: a name is unknown, or the script could never happen.
    """
    known = {each.name for each in fields(Script)}
    if unknown := sorted(set(found) - known):
        raise ValueError(f"A script has no {', '.join(unknown)}: its fields are {', '.join(sorted(known))}.")
    values = dict(found)
    for name in ("connect_delay", "first_delay", "chunk_delay"):
        delay = values.get(name)
        if isinstance(delay, dict):
            values[name] = Exponential(**delay) if "mean_s" in delay else Uniform(**delay)
    if "chunks" in values:
        values["chunks"] = tuple(values["chunks"])
    values["tool_calls"] = tuple(ToolCall(**call) for call in values.get("tool_calls", ()))
    if values.get("fault") is not None:
        values["fault"] = Fault(**values["fault"])
    if "body" in values:
        body = values["body"]
        values["body"] = base64.b64decode(body["base64"]) if isinstance(body, dict) else str(body).encode()
    return Script(**values)


def load(text: str) -> tuple[Script, ...]:
    """The scripts of a JSON file: one object, or a list of them to be played one after the other."""
    found = json.loads(text)
    return tuple(from_json(each) for each in (found if isinstance(found, list) else [found]))
