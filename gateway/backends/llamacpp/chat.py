"""Adapts llama.cpp's chat to OpenAI's format.

llama.cpp silently ignores some parameters, and more if the model's chat template does not support them. In a stream,
each event has its own creation time; with several choices, a usage comes at the end of each choice.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

from gateway.backends.parameters import unsupported
from gateway.request.usage import Usage, parse_usage
from gateway.text.sse import data_and_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.backends.base import Call
    from gateway.backends.http.connection import Connection

# JSON escapes quotes in strings, so only keys match.
_REFUSAL_OF_LOGPROBS = (b'"logprobs":{"content":', b'"logprobs":{"refusal":null,"content":')
_CREATED = re.compile(rb'"created":\d+')
# The parameter that needs each ability of the chat template.
_ABILITIES = {
    "supports_tools": "tools",
    "supports_parallel_tool_calls": "parallel_tool_calls",
    "supports_reasoning_effort": "reasoning_effort",
}


async def template_abilities(server: Connection) -> dict[str, bool]:
    """The abilities of the model's chat template (`chat_template_caps` of `GET /props`).

    Args:
        server: the connection to the address without `/v1`.

    Returns:
        Abilities by llama.cpp's names; empty if the server does not report them.
    """
    answer = await server.get("/props")
    try:
        abilities = orjson.loads(answer[1])["chat_template_caps"] if answer else {}
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return {}
    return abilities if isinstance(abilities, dict) else {}


def unsupported_parameters(abilities: Mapping[str, bool]) -> frozenset[str]:
    """The parameters that the model's chat template ignores.

    Args:
        abilities: the abilities of the chat template; a missing entry counts as True.
    """
    return frozenset(param for ability, param in _ABILITIES.items() if abilities.get(ability) is False)


def check_chat_parameters(call: Call, abilities: Mapping[str, bool]) -> None:
    """Refuse the parameters that llama.cpp ignores, and that would change the meaning of the answer.

    Args:
        call: the call.
        abilities: see `unsupported_parameters`.

    Raises:
        InvalidRequest: a forced tool, functions or audio.
    """
    fields = call.fields
    if fields.get("functions"):
        raise unsupported("functions", "knows tools only", "Send 'tools' instead.")
    if "audio" in (fields.get("modalities") or ()):
        raise unsupported("modalities", "answers in text only", 'Send ["text"], or ask another model.')
    no_tools = "tools" in unsupported_parameters(abilities)
    if no_tools and fields.get("tools") and fields.get("tool_choice") not in (None, "auto", "none"):
        raise unsupported("tool_choice", "cannot call tools", "Leave it out, or ask another model.")


class StreamEvents:
    """Gives all events the creation time of the first one, and the first event of each choice its role.

    llama.cpp writes the time of each event. It omits the role if the choice begins with a character of several tokens,
    such as an emoji. It omits the `refusal` that OpenAI requires of `logprobs`; all else may be missing from a stream.

    Args:
        choices: the number of choices in the stream.
    """

    def __init__(self, choices: int) -> None:
        self._unopened = set(range(choices))
        self._created = b""

    def translate(self, block: bytes) -> bytes:
        """A block of whole events with that time and with the roles."""
        block = self._with_first_creation_time(block).replace(*_REFUSAL_OF_LOGPROBS)
        if not self._unopened:
            return block
        return b"".join(self._event(event) for event in block.split(b"\n\n") if event)

    def _with_first_creation_time(self, block: bytes) -> bytes:
        """Bytes are replaced without parsing: JSON escapes quotes in strings, so only key and value match."""
        if not self._created:
            first = _CREATED.search(block)
            self._created = first[0] if first else b""
        return _CREATED.sub(self._created, block) if self._created else block

    def _event(self, event: bytes) -> bytes:
        data, _ = data_and_name(event)
        chunk = orjson.loads(data) if data and data != b"[DONE]" else None
        choices = chunk.get("choices") if isinstance(chunk, dict) else None
        changed = False
        for choice in choices or ():
            if choice["index"] in self._unopened:
                self._unopened.discard(choice["index"])
                if "role" not in choice["delta"]:
                    choice["delta"] = {"role": "assistant", **choice["delta"]}
                    changed = True
        return b"data: " + orjson.dumps(chunk) + b"\n\n" if changed else event + b"\n\n"


class ChoicesUsage:
    """Adds up the usages that llama.cpp sends at the end of each choice.

    Args:
        call: the call, for a stream of several choices.
    """

    def __init__(self, call: Call) -> None:
        self._meter = call.meter
        self._include_usage = bool((call.fields.get("stream_options") or {}).get("include_usage"))
        self._prompt = 0
        self._completion = 0
        self._cached = 0
        self._envelope: dict[str, Any] = {}

    def translate(self, block: bytes) -> bytes:
        """A block of whole events without the usages of single choices; most blocks are unchanged."""
        if b'"usage":' not in block and b'"timings":' not in block:
            return block
        return b"".join(self._event(event) for event in block.split(b"\n\n") if event)

    def usage(self) -> bytes:
        """Note the usage of all choices after the last event; returns it as an event if the client requested it."""
        self._meter.reported = Usage(self._prompt, self._completion, "backend", self._cached)
        if not self._include_usage:
            return b""
        usage = {
            "prompt_tokens": self._prompt,
            "completion_tokens": self._completion,
            "total_tokens": self._prompt + self._completion,
            "prompt_tokens_details": {"cached_tokens": self._cached},
        }
        return b"data: " + orjson.dumps({**self._envelope, "choices": [], "usage": usage}) + b"\n\n"

    def _event(self, event: bytes) -> bytes:
        data, _ = data_and_name(event)
        chunk = orjson.loads(data) if data else None
        if not isinstance(chunk, dict) or not (usage := parse_usage(chunk)):
            return event + b"\n\n"
        # All choices have the same prompt, which is processed once.
        self._prompt, self._cached = usage.prompt_tokens, usage.cached_tokens
        self._completion += usage.completion_tokens
        chunk.pop("usage", None)
        chunk.pop("timings", None)
        self._envelope = {key: value for key, value in chunk.items() if key != "choices"}
        return b"data: " + orjson.dumps(chunk) + b"\n\n" if chunk.get("choices") else b""
