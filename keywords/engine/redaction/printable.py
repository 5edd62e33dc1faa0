"""Texts that every file, console and XML parser can show."""

from __future__ import annotations

import re

_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but tab and line feed: also the escape of terminals' sequences
    "\u202a-\u202e\u2066-\u2069"  # marks that reverse what a reader sees
    "\ud800-\udfff\ufffe\uffff]"  # halves of characters, and what is none: UTF-8 or XML cannot hold them
)


def printable(text: str) -> str:
    r"""Replace characters that break files, or act instead of being shown, by their escapes: `\x1b`, `\ud83d`."""
    return _UNPRINTABLE.sub(_escape, text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    r"""As `printable`, with the ends of lines as `\n`: what a server says cannot pass for a line of ours."""
    return printable(text).replace("\n", "\\n")


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"  # noqa: PLR2004
