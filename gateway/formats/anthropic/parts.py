"""Translates blocks of text, images and documents to content parts of a chat request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.backends.parameters import unsupported

if TYPE_CHECKING:
    from collections.abc import Collection

    from gateway.backends.base import Call

Part = dict[str, Any]

# The keys of each block that have a counterpart; others are dropped.
_KNOWN = {
    "text": {"type", "text"},
    "image": {"type", "source"},
    "document": {"type", "source", "title"},
}


def drop_unknown(call: Call, value: dict[str, Any], known: Collection[str], place: str) -> None:
    """Drop the keys of an object that have no counterpart.

    Args:
        call: notes the dropped keys.
        value: the object.
        known: the keys that have a counterpart.
        place: path of the object without indexes; empty for the request itself.
    """
    for key, item in value.items():
        if item and key not in known:
            call.drop(f"{place}.{key}" if place else key)


def content_parts(call: Call, content: str | list[dict[str, Any]], at: str, place: str) -> str | list[Part]:
    """A string or blocks as content.

    Args:
        call: notes the dropped keys.
        content: the string, or the blocks.
        at: path of the content.
        place: path of a block without indexes.

    Raises:
        InvalidRequest: a block has no counterpart.
    """
    if isinstance(content, str):
        return content
    return content_of(
        [part for number, block in enumerate(content) for part in parts_of(call, block, f"{at}[{number}]", place)]
    )


def content_of(parts: list[Part]) -> str | list[Part]:
    """The parts as content: a single text as a string, since not every backend accepts parts."""
    if not parts:
        return ""
    if len(parts) == 1 and parts[0]["type"] == "text":
        text: str = parts[0]["text"]
        return text
    return parts


def parts_of(call: Call, block: dict[str, Any], at: str, place: str) -> list[Part]:
    """A block as content parts; several for a document that holds blocks.

    Args:
        call: notes the dropped keys.
        block: the block.
        at: path of the block.
        place: its path without indexes.

    Raises:
        InvalidRequest: the block has no counterpart.
    """
    match block:
        case {"type": "text", "text": text}:
            drop_unknown(call, block, _KNOWN["text"], place)
            return [{"type": "text", "text": text}]
        case {"type": "image", "source": source}:
            drop_unknown(call, block, _KNOWN["image"], place)
            return [{"type": "image_url", "image_url": {"url": _url(source, f"{at}.source.type")}}]
        case {"type": "document", "source": dict(source)}:
            drop_unknown(call, block, _KNOWN["document"], place)
            return _document(call, source, block.get("title"), f"{at}.source", place)
    raise unsupported(
        f"{at}.type",
        "takes blocks of text, images, documents, tools used and their results",
        "Send it as text, or ask another model.",
    )


def _url(source: dict[str, Any], at: str) -> str:
    match source:
        case {"type": "base64", "media_type": kind, "data": data}:
            return f"data:{kind};base64,{data}"
        case {"type": "url", "url": str(url)}:
            return url
    raise unsupported(at, "takes images by address or as data", 'Send "url" or "base64".')


def _document(call: Call, source: dict[str, Any], title: Any, at: str, place: str) -> list[Part]:
    """A document (platform.claude.com/docs/en/build-with-claude/pdf-support) as text, or as OpenAI's file."""
    name = title if isinstance(title, str) and title else ""
    head = [{"type": "text", "text": name}] if name else []
    match source:
        case {"type": "base64", "media_type": str(kind), "data": str(data)}:
            file = {
                "filename": name or f"document.{kind.rpartition('/')[2]}",
                "file_data": f"data:{kind};base64,{data}",
            }
            return [{"type": "file", "file": file}]
        case {"type": "text", "data": str(text)}:
            return [*head, {"type": "text", "text": text}]
        case {"type": "content", "content": str(text)}:
            return [*head, {"type": "text", "text": text}]
        case {"type": "content", "content": list(blocks)} if all(_is_simple(block) for block in blocks):
            inner = content_parts(call, blocks, f"{at}.content", f"{place}.source.content[]")
            return [*head, *(inner if isinstance(inner, list) else [{"type": "text", "text": inner}])]
    raise unsupported(f"{at}.type", "takes documents as data or text", 'Send "base64", "text" or "content".')


def _is_simple(block: Any) -> bool:
    """Whether a block, which the schema has not checked, is text or an image."""
    match block:
        case {"type": "text", "text": str()}:
            return True
        case {"type": "image", "source": {"type": "base64", "media_type": str(), "data": str()}}:
            return True
        case {"type": "image", "source": {"type": "url", "url": str()}}:
            return True
    return False
