"""How long a client waits for an answer, and how much of a stream it reads: by what the request asks for.

An honest server of 5 tokens a second is not cut before its 500th token, those of all requests at once counted. A server
that hangs or does not stop does not cost a row two minutes. The figures are in seconds; a request for 20 tokens gets
23 s:

    START_S + TOKEN_S * tokens * choices * requests at once, at most the longest time of all
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    import httpx2

LONGEST_S = 120.0
"""Longest time of any answer; that of a request that leaves the length of its answer open."""
START_S = 15.0
"""Until the first token: the connection, a queue, a model that is loaded on demand, the reading of a prompt."""
TOKEN_S = 0.4
"""For each token: twice the 0.2 s of a server that makes 5 tokens a second."""
EVENTS_PER_TOKEN = 8
"""A server sends one event a token, and one that sends letters instead some four or five."""
EVENTS_BESIDE = 100
"""Roles, finish reasons, usage, pings and `[DONE]`, of several choices too."""
BYTES_PER_EVENT = 64 * 1024
"""An event with the log probabilities of 20 alternatives has some 2,000."""
LEAST_BYTES = 16 * 2**20
"""However few tokens are asked for; a plain answer may carry those of the prompt too."""
PROMPT_BYTES_PER_S = 500
"""A slow server reads 100 tokens of a prompt in a second, some five bytes each."""
_LARGEST_BODY_READ = 1_000_000
_LARGEST_COUNT = 1_000_000
"""A request for more tokens or choices than any server makes leaves its length open."""
_AT_ONCE = "requests_at_once"


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one exchange.

    Attributes:
        seconds: longest silence, and longest time of the whole answer.
        events: most events of a stream; None where the request leaves the length of its answer open.
        bytes: most bytes of the answer's body; None likewise.
        asked: what the request asks for, in words.
    """

    seconds: float
    events: int | None
    bytes: int | None
    asked: str

    @property
    def silence(self) -> str:
        """What a time limit means."""
        return f"no end of the answer within {self.seconds:g} s; {self.asked}; for a slower server, raise PATIENCE"

    @property
    def excess(self) -> str:
        """What a stream that outgrew its limit means."""
        return f"the stream goes on after {self.events} events; {self.asked}"

    @property
    def flood(self) -> str:
        """What a body that outgrew its limit means."""
        return f"the answer goes on after {self.bytes} bytes; {self.asked}"


@dataclass(frozen=True, slots=True)
class Patience:
    """The patience of a client.

    Attributes:
        longest_s: longest time of any answer.
        factor: how much more than usual; it multiplies all times.
    """

    longest_s: float = LONGEST_S
    factor: float = 1.0

    def limits(self, request: httpx2.Request) -> Limits:
        """The limits of an exchange, by the fields of its request."""
        body = _fields(request)
        asked = body.get("max_completion_tokens", body.get("max_tokens"))
        longest = self.longest_s * self.factor
        if not request.content:
            return Limits(min(START_S * self.factor, longest), None, None, "the request asks for no tokens")
        if not _is_count(asked):
            return Limits(longest, None, None, "the request leaves its length open")
        each, choices = max(asked, 1), _choices(body)
        start = START_S + len(request.content) / PROMPT_BYTES_PER_S
        seconds = (start + TOKEN_S * each * choices * request.extensions.get(_AT_ONCE, 1)) * self.factor
        words = f"max_tokens={asked}" + (f" for each of {choices} choices" if choices > 1 else "")
        events = EVENTS_BESIDE + EVENTS_PER_TOKEN * each * choices
        most = max(LEAST_BYTES, events * BYTES_PER_EVENT)
        return Limits(round(min(seconds, longest), 1), events, most, f"the request asks for {words}")


def requests_at_once(count: int) -> dict[str, Any]:
    """The extension of a request that is sent together with others; a server may answer them one after the other."""
    return {_AT_ONCE: count}


def _fields(request: httpx2.Request) -> dict[str, Any]:
    if len(request.content) > _LARGEST_BODY_READ:
        return {}
    try:
        body = json.loads(request.content)
    except (ValueError, RecursionError):  # rows send such bodies on purpose
        return {}
    return body if isinstance(body, dict) else {}


def _choices(body: dict[str, Any]) -> int:
    """Choices of an answer: those of each prompt, where there are several prompts."""
    n, prompt = body.get("n"), body.get("prompt")
    choices = n if _is_count(n) and n else 1
    if isinstance(prompt, list) and prompt and isinstance(prompt[0], str | list):
        return choices * len(prompt)
    return choices


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST_COUNT
