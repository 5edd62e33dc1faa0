"""The one estimate of tokens: reserved before an answer, and charged where no backend counted.

It counts text, not the JSON around it. Pictures, audio and files count as fixed numbers, because the size of their
base64 says little about their tokens.
"""

from __future__ import annotations

from statistics import fmean, median
from typing import TYPE_CHECKING, Any

import orjson

from gateway.text.json_values import parse_json
from gateway.text.sse import data_and_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

BYTES_PER_TOKEN = 4
"""One token is about four bytes of English text (platform.openai.com/tokenizer)."""
TOKENS_PER_MESSAGE = 4
"""What a chat template adds (OpenAI's cookbook, "How to count tokens with tiktoken": three, and one for the role)."""
PICTURE_TOKENS = 1100
"""Of one picture: OpenAI charges 765 for 1024 x 1024 and 1105 for a wide one (developers.openai.com, "Images and
vision"), Anthropic up to 1600 (platform.claude.com, "Vision")."""
LOW_DETAIL_TOKENS = 85
"""Of one picture with OpenAI's `detail: low`."""
AUDIO_TOKENS_PER_S = 10
"""OpenAI: one token per 100 ms of a user's audio (developers.openai.com, "Managing Realtime costs")."""
AUDIO_BYTES_PER_S = {"wav": 48_000, "mp3": 16_000}
"""Of 24 kHz, 16 bits and one channel; of 128 kbit/s, also assumed of other formats."""
PAGE_TOKENS = 3000
"""Of one page of a file (platform.claude.com, "PDF support": up to 3000)."""
PAGE_BYTES = 32 * 1024 * 1024 // 100
"""Of one page in base64: Anthropic takes 100 pages in a request of 32 MB (same page)."""
SAMPLE_BYTES = 16 * 1024
"""How much of a stream's beginning is kept for an estimate."""

# The members of messages, parts and answers that hold text, or hold such members, in the formats of all backends.
_TEXT_MEMBERS = frozenset(
    {
        *("choices", "message", "delta", "content_block", "content", "text", "refusal", "response"),
        *("reasoning", "thinking", "tool_calls", "function_call", "function", "custom"),
        *("name", "arguments", "partial_json", "audio", "transcript"),
    }
)
_OTHER_MEMBERS = frozenset({"reasoning_content", "input", "images"})
_PICTURES = frozenset({"image", "image_url", "input_image", "video_url"})
_AUDIO = frozenset({"input_audio", "audio_url"})
_FILES = frozenset({"file", "input_file", "document"})
_MEDIA = _PICTURES | _AUDIO | _FILES
# No language takes a token for less text on average, so a server that sends more pieces splits tokens.
_SHORTEST_TOKEN = 2


def prompt_tokens(fields: Mapping[str, Any], question_field: str) -> int:
    """Estimate the tokens of a request, in any client's format; token ids are counted.

    Args:
        fields: the parsed body.
        question_field: the field that holds the messages, the prompt or the texts.
    """
    question = fields.get(question_field)
    size = content_bytes([question, fields.get("system")])
    # Templates show tools to the model as JSON, or much alike.
    size += _json_bytes(fields.get("tools")) + _json_bytes(fields.get("functions"))
    messages = len(question) if question_field == "messages" and isinstance(question, list) else 0
    return text_tokens(size) + TOKENS_PER_MESSAGE * messages


def text_tokens(size: int) -> int:
    """Estimate the tokens of `size` bytes of text."""
    return -(-size // BYTES_PER_TOKEN)


def content_bytes(content: Any) -> int:
    """The bytes of text in messages, parts or an answer; anything else counts as the text of as many tokens."""
    size, rest = 0, [content]
    while rest:
        value = rest.pop()
        # Parsed JSON has no subclasses, and this runs for each request.
        kind = type(value)
        if kind is str:
            size += len(value) if value.isascii() else _utf8_bytes(value)
        elif kind is list:
            if value and isinstance(value[0], int):
                size += len(value) * BYTES_PER_TOKEN
            else:
                rest += value
        elif kind is dict:
            medium = value.get("type")
            if medium is not None and type(medium) is str and medium in _MEDIA:
                size += _media_tokens(medium, value) * BYTES_PER_TOKEN
                continue
            for name, member in value.items():
                if name in _TEXT_MEMBERS:
                    rest.append(member)
                elif name in _OTHER_MEMBERS:
                    size += _other_bytes(name, member, value)
    return size


def _utf8_bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _other_bytes(name: str, member: Any, owner: dict[str, Any]) -> int:
    """The bytes that a member counts as which is not plainly text."""
    if name == "images":
        # Ollama's messages have pictures beside the text.
        return len(member) * PICTURE_TOKENS * BYTES_PER_TOKEN if isinstance(member, list) else 0
    if name == "reasoning_content" and owner.get("reasoning"):
        # Some servers send the same thoughts under both names.
        return 0
    return _utf8_bytes(member) if isinstance(member, str) else _json_bytes(member)


def streamed_tokens(sample: Iterable[bytes], events: int, size: int, hidden: int = 0) -> int:
    """Estimate the tokens of a stream from its beginning, its number of events and its size.

    What an event holds beside its text is about the same in all events of a stream, so it is measured at the
    beginning only. A piece of text is at least one token.

    Args:
        sample: the first blocks of whole events.
        events: all events.
        size: of all events, in bytes.
        hidden: bytes of further text, which the client did not get.
    """
    events_of_sample = [event for event in b"".join(sample).split(b"\n\n") if event]
    texts = [_event_bytes(event) for event in events_of_sample]
    text, pieces = sum(texts), sum(map(bool, texts))
    if texts and (more := events - len(texts)) > 0:
        sizes = [len(event) + 2 for event in events_of_sample]
        frames = [length - part for length, part in zip(sizes, texts, strict=True) if part]
        # Without the first event, which may be like no other. The median, for another one may hold a signature.
        silent = [length for length, part in zip(sizes[1:], texts[1:], strict=True) if not part]
        more_silent = more * len(silent) / max(len(frames) + len(silent), 1)
        size -= sum(sizes) + round(more_silent * median(silent or [0]) + (more - more_silent) * fmean(frames or [0]))
        text += max(0, size)
        pieces += round(more - more_silent)
    text += hidden
    return max(text_tokens(text), min(pieces, text // _SHORTEST_TOKEN))


def _event_bytes(event: bytes) -> int:
    data, _ = data_and_name(event)
    try:
        return content_bytes(parse_json(data)) if data.startswith(b"{") else 0
    except ValueError:
        return 0


def _media_tokens(kind: str, part: dict[str, Any]) -> int:
    """The tokens of a part that is a picture, a sound or a file."""
    if kind in _FILES:
        return _file_tokens(part)
    value = part.get(kind)
    details = value if isinstance(value, dict) else part
    if kind in _AUDIO:
        return _audio_tokens(details)
    return LOW_DETAIL_TOKENS if details.get("detail") == "low" else PICTURE_TOKENS


def _audio_tokens(audio: dict[str, Any]) -> int:
    data = audio.get("data") or audio.get("url")
    size = len(data) * 3 // 4 if isinstance(data, str) else 0
    rate = AUDIO_BYTES_PER_S.get(str(audio.get("format")), AUDIO_BYTES_PER_S["mp3"])
    return -(-size * AUDIO_TOKENS_PER_S // rate)


def _file_tokens(part: dict[str, Any]) -> int:
    source = part.get("source") or part.get("file") or part
    if not isinstance(source, dict):
        return PAGE_TOKENS
    if source.get("type") in {"text", "content"}:
        # Anthropic's documents may be plain text, or parts.
        texts = [source.get("data"), source.get("content"), part.get("title"), part.get("context")]
        return text_tokens(content_bytes(texts))
    data = source.get("data") or source.get("file_data")
    pages = -(-len(data) // PAGE_BYTES) if isinstance(data, str) else 1
    return max(pages, 1) * PAGE_TOKENS


def _json_bytes(value: Any) -> int:
    if not value:
        return 0
    try:
        return len(orjson.dumps(value))
    except orjson.JSONEncodeError:
        # orjson parses deeper nesting than it can dump.
        return len(str(value))
