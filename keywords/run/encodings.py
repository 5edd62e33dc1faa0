"""Encodings in which a server may repeat what it was told, for rows about secrets."""

import base64
import html
import json
import re
from collections.abc import Callable, Mapping
from typing import Literal
from urllib.parse import quote, urlsplit

from robot.api.deco import keyword, library
from robot.api.types import Secret

Encoding = Literal[
    "plain",
    "upper case",
    "JSON",
    "Unicode escapes",
    "byte escapes",
    "HTML",
    "URL",
    "URL twice",
    "base64",
    "base64 with user",
    "base64 after a letter",
    "hexadecimal",
]


def _in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


ENCODINGS: dict[Encoding, Callable[[str], str]] = {
    "plain": str,
    "upper case": str.upper,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "Unicode escapes": lambda text: "".join(f"\\u{ord(character):04x}" for character in text),
    "byte escapes": lambda text: "".join(f"\\x{ord(character):02x}" for character in text),
    "HTML": lambda text: "".join(f"&#{ord(character)};" for character in html.escape(text)),
    "URL": lambda text: "".join(f"%{ord(character):02x}" for character in text),
    "URL twice": lambda text: quote("".join(f"%{ord(character):02X}" for character in text), safe=""),
    "base64": _in_base64,
    "base64 with user": lambda text: _in_base64(f"user:{text}"),
    "base64 after a letter": lambda text: _in_base64(f"x{text}"),
    "hexadecimal": lambda text: text.encode().hex(),
}

STREAM, PIECE = "pieces of a stream", "a piece"
WAYS = (*ENCODINGS, STREAM, PIECE)
"""The encodings, the text spread over the events of a stream, and a piece of it."""
_STREAMED = re.compile(r'"content": ?"([^"]*)"')
_PIECE_CHARACTERS = 8


def ways_of(text: str, places: Mapping[str, str]) -> dict[str, list[str]]:
    """The ways in which a text stands in places, each with the names of these places.

    Args:
        text: what is sought.
        places: the content of each place.
    """
    streamed = {name: "".join(_STREAMED.findall(content)) for name, content in places.items()}
    found: dict[str, list[str]] = {way: _containing(places, {encode(text)}) for way, encode in ENCODINGS.items()}
    found[STREAM] = _containing(streamed, {text})
    starts = range(len(text) - _PIECE_CHARACTERS + 1)
    found[PIECE] = _containing(places, {text[start : start + _PIECE_CHARACTERS] for start in starts})
    return {way: names for way, names in found.items() if names}


def _containing(places: Mapping[str, str], texts: set[str]) -> list[str]:
    return [name for name, content in places.items() if any(text in content for text in texts)]


@library(scope="GLOBAL", doc_format="MARKDOWN")
class EncodingLibrary:
    """Encode a text as a server might repeat it."""

    @keyword
    def encode(self, text: Secret | str, encoding: Encoding) -> str:
        """A text in an encoding.

        ```robotframework
        ${said} =    Encode    ${GATEWAY_API_KEY}    base64
        ```
        """
        return ENCODINGS[encoding](text.value if isinstance(text, Secret) else text)

    @keyword
    def split_text(self, text: Secret | str, length: int) -> list[str]:
        """A text in pieces of a length, as a stream may bring it.

        ```robotframework
        @{chunks} =    Split Text    ${GATEWAY_API_KEY}    3
        ```
        """
        whole = text.value if isinstance(text, Secret) else text
        return [whole[start : start + length] for start in range(0, len(whole), length)]

    @keyword
    def surround_text(self, text: str, *, before: int, after: int) -> str:
        """A text within a long one, so that a limit of Robot cuts it.

        Args:
            text: the text.
            before: characters before it.
            after: characters behind it.

        ```robotframework
        ${long} =    Surround Text    ${said}    before=1540    after=3000
        ```
        """
        return "x" * before + text + "y" * after

    @keyword
    def address_with_user(self, url: str, user: str, password: Secret) -> str:
        """An address with a user and a password.

        ```robotframework
        ${url} =    Address With User    ${BACKEND.url}    tester    ${PASSWORD}
        ```
        """
        parts = urlsplit(url)
        return parts._replace(netloc=f"{quote(user)}:{quote(password.value, safe='')}@{parts.netloc}").geturl()
