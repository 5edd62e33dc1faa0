"""Control tokens in what a client sends: made ordinary text before a chat template takes them for its own.

Servers of open models render a conversation into one text and look for control tokens in all of it, whoever wrote them:
a user's `<|im_end|>` ends the user's turn. Each one gets a space after its first character, `< |im_end|>`. That cannot
join what an attacker took apart (nothing is removed, so `<|im_<|im_end|>end|>` opens nothing), a model reads it as it
reads any misspelt word, and no template trims it away.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

BREAK = " "
# Where one character of a token comes from each content part, no place is within a part, and templates trim parts.
_UNTRIMMED_BREAK = "\u200b"
# What templates are given of a request (llama.cpp tools/server/README.md; docs.vllm.ai, chat completions).
_REACH_TEMPLATES = ("messages", "system", "tools", "functions", "tool_choice", "chat_template_kwargs", "documents")
# A body with more of a token's first characters is looked at text by text, which is as fast then.
_LOOKED_AT = 64
# What may follow a token's first character where parts are trimmed and joined: the part's end, or a blank (in UTF-8).
_AFTER_A_PART = frozenset(b'" \xc2\xe1\xe2\xe3')
_ASCII_ESCAPE = re.compile(rb"\\u00[2-7]")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)
_LIVE_IN_JSON = frozenset('"\\')


class ControlTokens:
    """The control tokens of some models.

    Args:
        tokens: as they stand in a prompt; what is shorter than two characters cannot be broken and is left out.
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
        self._pattern = re.compile(_one_of(sorted(self.tokens)))

    def may_be_in(self, body: bytes) -> bool:
        """Whether JSON may hold a token, its characters as they are or as escapes; most bodies are cleared by this."""
        find, ends_a_part = body.find, False
        for first, seconds in self._firsts:
            at, left = find(first), _LOOKED_AT
            while at >= 0:
                second = body[at + 1]
                if second in seconds or not left:
                    return True
                ends_a_part = ends_a_part or second in _AFTER_A_PART
                left -= 1
                at = find(first, at + 1)
        if ends_a_part and b'"text"' in body:
            return True
        # A single byte is searched for far faster than several.
        if b"\\" not in body or b"\\u" not in body:
            return False
        return self._beyond_ascii or _ASCII_ESCAPE.search(body) is not None

    def neutralised(self, body: bytes, fields: dict[str, Any]) -> tuple[bytes, dict[str, Any], int]:
        """A request without control tokens in anything that a chat template is given.

        Args:
            body: the client's bytes, valid JSON.
            fields: `body` parsed and checked; it is not changed.

        Returns:
            Body, fields, and how many tokens were broken; the very objects that were given if there were none.
        """
        if not self.may_be_in(body):
            return body, fields, 0
        work = _Work(self._pattern, self._first_characters)
        changed = {name: work.value(fields[name]) for name in _REACH_TEMPLATES if name in fields}
        if not work.broken:
            return body, fields, 0
        fields = {**fields, **changed}
        return orjson.dumps(fields), fields, work.broken


class _Work:
    """One request's neutralising; `broken` counts."""

    def __init__(self, pattern: re.Pattern[str], first_characters: Sequence[str]) -> None:
        self.broken = 0
        self._pattern = pattern
        self._firsts = first_characters

    def value(self, value: Any, *, holds_json: bool = False) -> Any:
        """`value` with every text in it neutralised, keys included.

        Args:
            value: any JSON.
            holds_json: texts in it may be parsed as JSON once more, so that escapes in them become characters.
        """
        if isinstance(value, str):
            return self._text(value, holds_json=holds_json)
        if isinstance(value, list):
            return self._across([self.value(item, holds_json=holds_json) for item in value])
        if isinstance(value, dict):
            # llama.cpp and the templates of some models parse the arguments of calls, and the results of tools.
            holds_json = holds_json or _is_of_a_tool(value)
            return {
                self._text(key): self.value(item, holds_json=holds_json or key == "arguments")
                for key, item in value.items()
            }
        return value

    def _text(self, text: str, *, holds_json: bool = False) -> str:
        if holds_json and "\\" in text:
            decoded = _ESCAPE.sub(_decoded, text)
            if self._pattern.search(decoded):
                text = decoded
        if not any(first in text for first in self._firsts):
            return text
        broken = 1
        # Again until none is left: tokens may overlap.
        while broken:
            text, broken = self._pattern.subn(_break, text)
            self.broken += broken
        return text

    def _across(self, items: list[Any]) -> list[Any]:
        """Break the tokens that would come together when a template joins content parts, trimmed or not."""
        texts = [item["text"] for item in items if isinstance(item, dict) and isinstance(item.get("text"), str)]
        if len(texts) <= 1 or not self._break_across(texts):
            return items
        new = iter(texts)
        return [
            {**item, "text": next(new)} if isinstance(item, dict) and isinstance(item.get("text"), str) else item
            for item in items
        ]

    def _break_across(self, texts: list[str]) -> bool:
        before = self.broken
        while True:
            trimmed = [text.strip() for text in texts]
            ends = list(accumulate(map(len, trimmed)))
            found = list(self._pattern.finditer("".join(trimmed)))
            self.broken += len(found)
            if not found:
                return self.broken > before
            # From the last to the first, so that the places before stay what they are.
            for match in reversed(found):
                part, at = _place(match, ends)
                text, length = texts[part], len(trimmed[part])
                inner = at - (ends[part] - length)
                separator = BREAK if inner < length else _UNTRIMMED_BREAK
                inner += len(text) - len(text.lstrip())
                texts[part] = text[:inner] + separator + text[inner:]


def _place(match: re.Match[str], ends: list[int]) -> tuple[int, int]:
    """Which part to break, and where in the joined text: within a part if that can be, else after a part's end."""
    first = part = bisect_right(ends, match.start())
    begins = match.start()
    while begins < match.end():
        stops = min(ends[part], match.end())
        if stops - begins > 1:
            return part, begins + 1
        begins, part = stops, part + 1
    return first, match.start() + 1


def _is_of_a_tool(value: dict[str, Any]) -> bool:
    # Compared, not looked up: in a schema of a tool, a role may be anything.
    return any(value.get("role") == role for role in ("tool", "function"))


def _break(match: re.Match[str]) -> str:
    token = match[0]
    return token[0] + BREAK + token[1:]


def _decoded(escape: re.Match[str]) -> str:
    """An escape within JSON as the character it stands for, where that is the same JSON."""
    if escape[1] is None:
        return "/" if escape[0] == "\\/" else escape[0]
    character = chr(int(escape[1], 16))
    plain = character.isprintable() and character not in _LIVE_IN_JSON
    return character if plain else escape[0]


def _one_of(words: list[str]) -> str:
    """A pattern for any of the sorted words, that tells from each character which of them it can still be."""
    branches: dict[str, list[str]] = {}
    for word in words:
        if word:
            branches.setdefault(word[0], []).append(word[1:])
    if not branches:
        return "" if words else r"(?!)"
    pattern = "|".join(re.escape(first) + _one_of(rest) for first, rest in branches.items())
    return f"(?:{pattern})?" if "" in words else f"(?:{pattern})" if len(branches) > 1 else pattern
