"""What llama.cpp's chat lacks of OpenAI's.

It ignores some parameters in silence, and more of them where the chat template of its model has no place for them; and
a stream of several choices tells the tokens of each one with its end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from gateway.backends.parameters import drop_ignored, unsupported
from gateway.request.usage import Usage, parse_usage
from gateway.text.sse import data_and_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.backends.base import Call
    from gateway.backends.http.connection import Connection

# OpenAI's parameters that llama.cpp does not read (oaicompat_chat_params_parse in its server's sources).
_IGNORED = frozenset(
    {
        "metadata", "prediction", "prompt_cache_key", "prompt_cache_retention", "safety_identifier", "service_tier",
        "store", "user", "verbosity", "web_search_options",
    }
)  # fmt: skip
# What the chat template must be able to do, by the parameter that asks for it.
_ABILITIES = {
    "supports_tools": "tools",
    "supports_parallel_tool_calls": "parallel_tool_calls",
    "supports_reasoning_effort": "reasoning_effort",
}


async def template_abilities(server: Connection) -> dict[str, bool]:
    """What llama.cpp found out about the chat template of its model (`chat_template_caps` of `GET /props`).

    Args:
        server: at its address without `/v1`.

    Returns:
        Abilities by llama.cpp's names; none if it does not tell.
    """
    answer = await server.get("/props")
    try:
        found = orjson.loads(answer[1])["chat_template_caps"] if answer else {}
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def name_ignored(call: Call, abilities: Mapping[str, bool]) -> None:
    """Name what would be ignored of a chat call, or refuse it where the answer would mean something else.

    Args:
        call: the call.
        abilities: of the chat template; what is not in it is taken for granted.

    Raises:
        InvalidRequest: a forced tool, functions or sound; or anything that would be ignored, if the call is strict.
    """
    fields = call.fields
    if fields.get("functions"):
        raise unsupported("functions", "knows tools only", "Send 'tools' instead.")
    if "audio" in (fields.get("modalities") or ()):
        raise unsupported("modalities", "answers in text only", 'Send ["text"], or ask another model.')
    drop_ignored(call, _IGNORED)
    missing = {param for ability, param in _ABILITIES.items() if abilities.get(ability) is False}
    if "tools" in missing and fields.get("tools") and fields.get("tool_choice") not in (None, "auto", "none"):
        raise unsupported("tool_choice", "cannot call tools", "Leave it out, or ask another model.")
    drop_ignored(call, missing)


class OpeningRoles:
    """Puts the role into the first event of each choice where llama.cpp left it out.

    It does so when a choice begins with a character that takes several tokens, such as an emoji.

    Args:
        choices: how many the stream has.
    """

    def __init__(self, choices: int) -> None:
        self._closed = set(range(choices))

    def translated(self, block: bytes) -> bytes:
        """A block of whole events, the same one as soon as all choices have begun."""
        if not self._closed:
            return block
        return b"".join(self._event(event) for event in block.split(b"\n\n") if event)

    def _event(self, event: bytes) -> bytes:
        data, _ = data_and_name(event)
        chunk = orjson.loads(data) if data and data != b"[DONE]" else None
        choices = chunk.get("choices") if isinstance(chunk, dict) else None
        changed = False
        for choice in choices or ():
            if choice["index"] in self._closed:
                self._closed.discard(choice["index"])
                if "role" not in choice["delta"]:
                    choice["delta"] = {"role": "assistant", **choice["delta"]}
                    changed = True
        return b"data: " + orjson.dumps(chunk) + b"\n\n" if changed else event + b"\n\n"


class ChoicesUsage:
    """Adds up what llama.cpp tells of each choice when that one has ended.

    Args:
        call: a call for a stream of several choices.
    """

    def __init__(self, call: Call) -> None:
        self._meter = call.meter
        self._include_usage = bool((call.fields.get("stream_options") or {}).get("include_usage"))
        self._prompt = 0
        self._completion = 0
        self._cached = 0
        self._envelope: dict[str, Any] = {}

    def translated(self, block: bytes) -> bytes:
        """A block of whole events without the count of one choice; most pass as they are."""
        if b'"usage":' not in block and b'"timings":' not in block:
            return block
        return b"".join(self._event(event) for event in block.split(b"\n\n") if event)

    def usage(self) -> bytes:
        """After the last event: the tokens of all choices, noted for the ledger, and as an event if asked for."""
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
        if not isinstance(chunk, dict) or not (found := parse_usage(chunk)):
            return event + b"\n\n"
        # All choices have the same prompt, which is processed once.
        self._prompt, self._cached = found.prompt_tokens, found.cached_tokens
        self._completion += found.completion_tokens
        chunk.pop("usage", None)
        chunk.pop("timings", None)
        self._envelope = {key: value for key, value in chunk.items() if key != "choices"}
        return b"data: " + orjson.dumps(chunk) + b"\n\n" if chunk.get("choices") else b""
