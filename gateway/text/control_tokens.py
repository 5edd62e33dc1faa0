"""Neutralises control tokens in requests, before a chat template takes them for its own.

Servers of open models render a conversation into one text and look for control tokens in all of it: a user's
`<|im_end|>` ends the user's turn. Each token is broken by a space after its first character, `< |im_end|>`. Nothing is
removed, so an attacker's nested `<|im_<|im_end|>end|>` does not join into a token. A model reads the broken token like
any misspelt word, and no template trims the space away.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from gateway.text.numbers import dump, exact_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

BREAK = " "
# Breaks a token at the end of a content part, where templates would trim a space: for one character from each part.
_UNTRIMMED_BREAK = "\u200b"
# The fields that no chat template receives; of every other one a server may give its template whatever it likes. The
# stops are compared with the answer, which may hold a control token, and a bare prompt is the client's own template.
_OUTSIDE_TEMPLATES = frozenset({"input", "logit_bias", "model", "prompt", "stop", "stop_sequences", "suffix"})
# A body with more occurrences of a token's first character is searched text by text, which is as fast then.
_MOST_OCCURRENCES = 64
# The bytes that may follow a token's first character at the end of a part: its quote, or a blank to trim (in UTF-8).
_PART_ENDS = frozenset(b'" \xc2\xe1\xe2\xe3')
_ASCII_ESCAPE = re.compile(rb"\\u00[2-7]")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)
_SPECIAL_IN_JSON = frozenset('"\\')


class ControlTokens:
    """The control tokens of some models.

    Args:
        tokens: as they stand in a prompt; a single character cannot be broken and is left out.
    """

    def __init__(self, tokens: Iterable[str]) -> None:
        self.tokens = frozenset(token for token in tokens if len(token) > 1)
        encoded = sorted(token.encode() for token in self.tokens)
        firsts = {token[:1]: {ord("\\")} for token in encoded}
        for token in encoded:
            firsts[token[:1]].add(token[1])
        self._firsts = tuple(firsts.items())
        self._beyond_ascii = any(first > b"\x7f" for first in firsts)
        self._first_characters = tuple({token[0] for token in self.tokens})
        self._pattern = re.compile(_pattern_of(sorted(self.tokens)))

    def may_be_in(self, body: bytes) -> bool:
        """Whether JSON may hold a token, plain or in escapes; a quick test that clears most bodies."""
        find, ends_a_part = body.find, False
        for first, seconds in self._firsts:
            at, remaining = find(first), _MOST_OCCURRENCES
            while at >= 0:
                second = body[at + 1]
                if second in seconds or not remaining:
                    return True
                ends_a_part = ends_a_part or second in _PART_ENDS
                remaining -= 1
                at = find(first, at + 1)
        if ends_a_part and b'"text"' in body:
            return True
        # The search for a single byte is far faster.
        if b"\\" not in body or b"\\u" not in body:
            return False
        return self._beyond_ascii or _ASCII_ESCAPE.search(body) is not None

    def neutralised(self, body: bytes, fields: dict[str, Any]) -> tuple[bytes, dict[str, Any], int]:
        """Break the control tokens in all that a chat template may receive.

        Args:
            body: the client's bytes, valid JSON.
            fields: `body` parsed and validated; it is not changed.

        Returns:
            Body, fields and the number of broken tokens; the same objects if there were none.
        """
        if not self.may_be_in(body):
            return body, fields, 0
        neutraliser = _Neutraliser(self._pattern, self._first_characters)
        exact = exact_fields(body, fields)
        changed = {name: neutraliser.apply(value) for name, value in exact.items() if name not in _OUTSIDE_TEMPLATES}
        if not neutraliser.broken:
            return body, fields, 0
        fields = {**exact, **changed}
        return dump(fields), fields, neutraliser.broken


class _Neutraliser:
    """Breaks the tokens of one request, and counts them in `broken`."""

    def __init__(self, pattern: re.Pattern[str], first_characters: Sequence[str]) -> None:
        self.broken = 0
        self._pattern = pattern
        self._firsts = first_characters

    def apply(self, value: Any, *, holds_json: bool = False) -> Any:
        """Neutralise every text in `value`, keys included.

        Args:
            value: any JSON.
            holds_json: whether its texts may be parsed as JSON again, which turns their escapes into characters.
        """
        if isinstance(value, str):
            return self._text(value, holds_json=holds_json)
        if isinstance(value, list):
            return self._join_safely([self.apply(item, holds_json=holds_json) for item in value])
        if isinstance(value, dict):
            # llama.cpp and some templates parse the arguments of tool calls and the results of tools.
            holds_json = holds_json or _is_tool_message(value)
            return {
                self._text(key): self.apply(item, holds_json=holds_json or key == "arguments")
                for key, item in value.items()
            }
        return value

    def _text(self, text: str, *, holds_json: bool = False) -> str:
        if holds_json and "\\" in text:
            decoded = _ESCAPE.sub(_decode, text)
            if self._pattern.search(decoded):
                text = decoded
        if not any(first in text for first in self._firsts):
            return text
        broken = 1
        # Repeat until none is left: tokens may overlap.
        while broken:
            text, broken = self._pattern.subn(_break, text)
            self.broken += broken
        return text

    def _join_safely(self, items: list[Any]) -> list[Any]:
        """Break the tokens that would form when a template joins content parts, trimmed or not."""
        texts = [item["text"] for item in items if isinstance(item, dict) and isinstance(item.get("text"), str)]
        if len(texts) <= 1 or not self._break_joined(texts):
            return items
        new = iter(texts)
        return [
            {**item, "text": next(new)} if isinstance(item, dict) and isinstance(item.get("text"), str) else item
            for item in items
        ]

    def _break_joined(self, texts: list[str]) -> bool:
        before = self.broken
        while True:
            trimmed = [text.strip() for text in texts]
            ends = list(accumulate(map(len, trimmed)))
            matches = list(self._pattern.finditer("".join(trimmed)))
            self.broken += len(matches)
            if not matches:
                return self.broken > before
            # From last to first, so that earlier positions stay valid.
            for match in reversed(matches):
                part, at = _break_position(match, ends)
                text, length = texts[part], len(trimmed[part])
                inner = at - (ends[part] - length)
                separator = BREAK if inner < length else _UNTRIMMED_BREAK
                inner += len(text) - len(text.lstrip())
                texts[part] = text[:inner] + separator + text[inner:]


def _break_position(match: re.Match[str], ends: list[int]) -> tuple[int, int]:
    """The part to break, and the position in the joined text: within a part if possible, else at a part's end."""
    first = part = bisect_right(ends, match.start())
    start = match.start()
    while start < match.end():
        stop = min(ends[part], match.end())
        if stop - start > 1:
            return part, start + 1
        start, part = stop, part + 1
    return first, match.start() + 1


def _is_tool_message(value: dict[str, Any]) -> bool:
    # Compared, not looked up in a set: in the schema of a tool, `role` may be any JSON.
    return any(value.get("role") == role for role in ("tool", "function"))


def _break(match: re.Match[str]) -> str:
    token = match[0]
    return token[0] + BREAK + token[1:]


def _decode(escape: re.Match[str]) -> str:
    """Decode an escape in JSON, unless the plain character would change the JSON."""
    if escape[1] is None:
        return "/" if escape[0] == "\\/" else escape[0]
    character = chr(int(escape[1], 16))
    plain = character.isprintable() and character not in _SPECIAL_IN_JSON
    return character if plain else escape[0]


def _pattern_of(tokens: list[str]) -> str:
    """A pattern that matches any of the sorted tokens, built as a trie: each character decides the branch."""
    branches: dict[str, list[str]] = {}
    for token in tokens:
        if token:
            branches.setdefault(token[0], []).append(token[1:])
    if not branches:
        return "" if tokens else r"(?!)"
    pattern = "|".join(re.escape(first) + _pattern_of(rest) for first, rest in branches.items())
    return f"(?:{pattern})?" if "" in tokens else f"(?:{pattern})" if len(branches) > 1 else pattern
