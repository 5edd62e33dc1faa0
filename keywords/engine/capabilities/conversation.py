"""Trials of what must reach the model. Each returns what went wrong, as a sentence; empty if all is well.

The model's count of the prompt's tokens shows what reached it: the same words add the same number wherever they stand.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from keywords.engine.capabilities.asking import PROMPT, InconclusiveError, prompt_tokens, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keywords.engine.capabilities.asking import Asker
    from keywords.engine.openai.client import Messages

_FEW, _MORE = 2, 12
_LONG = (10, 130, 250)
"""Words of prompts that grow evenly; the longest has some 1,500 characters."""
_ROLES = ("system", "user", "assistant", "user")
_FOREIGN = "\N{CUNEIFORM SIGN A}\N{GRINNING FACE}\N{HIRAGANA LETTER YU}\u0301 " * 3
"""Characters of several bytes, which no vocabulary has as one token in this order."""
_SYLLABLES = "\uac01\ud7a3\ubdc1\uc36c"
"""Composed syllables of three bytes each; taken apart, each has nine."""
_COLOURS = ("red", "green", "blue", "red", "green", "blue")
_INDENT = " \t \t"
_CONTROL = "a\x07b\x1bc\x7fd" * 4
_QUESTIONS = {"What is the capital of France?": "Paris", "What is 2+2?": "4"}


def system_message(ask: Asker) -> str:
    """A longer system message makes the prompt longer, by as much as the same words of the user."""
    return _turns(ask, (0, 3))


def turns(ask: Asker) -> str:
    """The same words make the prompt longer by the same number of tokens, in whichever turn they stand."""
    return _turns(ask, range(len(_ROLES)))


def last_question(ask: Asker) -> str:
    """Of two questions, the one in the last turn is answered.

    Raises:
        InconclusiveError: the model answers neither.
    """
    one, other = _QUESTIONS
    got = {}
    for first, last in ((one, other), (other, one)):
        conversation = [_turn("user", first), _turn("assistant", _QUESTIONS[first]), _turn("user", last)]
        got[last] = text(ask(conversation, max_tokens=16))
    if any(_QUESTIONS[question] in answer for question, answer in got.items()):
        return ""
    swapped = [
        f"asked {last!r} in the last turn, the model should answer it, it answers the first one: {got[last]!r}"
        for first, last in ((one, other), (other, one))
        if _QUESTIONS[first] in got[last]
    ]
    if not swapped:
        raise InconclusiveError(f"the model answers neither question, so their order cannot be seen: {got}")
    return swapped[0]


def long_prompt(ask: Asker) -> str:
    """A long prompt is counted to its end: as many words add as many tokens, however long it already is."""
    short, middle, long = (prompt_tokens(ask(_words(count), max_tokens=1)) for count in _LONG)
    if long - middle == middle - short > 0:
        return ""
    return (
        f"{_LONG[2] - _LONG[1]} more words should add as many tokens to a prompt of {_LONG[1]} words as to one of "
        f"{_LONG[0]}: it grew by {middle - short}, then by {long - middle}"
    )


def text_parts(ask: Asker) -> str:
    """A list with one text part is the same as the text, white space before it too; the second of two parts counts."""
    prompt = f"{_INDENT}Say hello to the world."
    plain, part = ask(prompt), ask(_parts(prompt))
    for name, read in (("prompt tokens", prompt_tokens), ("text", text)):
        if read(plain) != read(part):
            return f"one text part should give the {name} {read(plain)!r} of the same text, got {read(part)!r}"
    added = prompt_tokens(ask(_parts(prompt, _words(_MORE)), max_tokens=1)) - prompt_tokens(plain)
    if added >= _MORE / 2:
        return ""
    return f"a second text part of {_MORE} words should reach the model, it adds {added} tokens"


def foreign_characters(ask: Asker) -> str:
    """Characters beyond ASCII reach the model: they are more tokens than question marks in their place."""
    marked = "".join(character if character.isascii() else "?" for character in _FOREIGN)
    return _more_than(ask, _FOREIGN, marked, "question marks in their place")


def escaped_characters(ask: Asker) -> str:
    r"""Characters of a JSON body mean the same as their escapes (`\u65e5`)."""
    raw = ask.send_encoded(_FOREIGN, lambda value: json.dumps(value, ensure_ascii=False))
    escaped = ask(_FOREIGN)
    if (prompt_tokens(raw), text(raw)) == (prompt_tokens(escaped), text(escaped)):
        return ""
    return (
        f"characters as UTF-8 should be the same prompt as their escapes, with {prompt_tokens(escaped)} tokens and the "
        f"answer {text(escaped)!r}; it has {prompt_tokens(raw)} and {text(raw)!r}"
    )


def composed_characters(ask: Asker) -> str:
    """Composed characters reach the model composed: no tokenizer makes more tokens of a text than it has bytes."""
    few, more = (prompt_tokens(ask(_SYLLABLES * times, max_tokens=1)) for times in (1, 4))
    limit = 3 * len(_SYLLABLES.encode())
    if 0 < more - few <= limit:
        return ""
    return f"{limit} bytes of Hangul should add 1 to {limit} tokens to the prompt, they add {more - few}"


def white_space(ask: Asker) -> str:
    """Newlines, tabs and several spaces within a text reach the model: they are more tokens than single spaces."""
    single = prompt_tokens(ask(" ".join(_COLOURS), max_tokens=1))
    for space in ("\n", "\t", "   "):
        tokens = prompt_tokens(ask(space.join(_COLOURS), max_tokens=1))
        if tokens <= single:
            return (
                f"words with {space!r} between should be more than {single} tokens, as with single spaces, got {tokens}"
            )
    return ""


def control_characters(ask: Asker) -> str:
    """Control characters within a text reach the model."""
    without = "".join(character for character in _CONTROL if character.isprintable())
    return _more_than(ask, _CONTROL, without, "the text without them")


def makes_prompt_longer(ask: Asker, messages: Messages = PROMPT, **fields: Any) -> str:
    """A prompt with further fields is longer than the usual one."""
    before, after = prompt_tokens(ask(max_tokens=1)), prompt_tokens(ask(messages, max_tokens=1, **fields))
    return "" if after > before else f"the prompt should have more than {before} tokens, it has {after}"


def _turns(ask: Asker, places: Sequence[int]) -> str:
    base = prompt_tokens(ask(_conversation(None), max_tokens=1))
    grown = {place: prompt_tokens(ask(_conversation(place), max_tokens=1)) - base for place in places}
    last = grown[len(_ROLES) - 1]
    if last > 0 and set(grown.values()) == {last}:
        return ""
    added = ", ".join(f"{tokens} in turn {place + 1} ({_ROLES[place]})" for place, tokens in grown.items())
    return f"{_MORE - _FEW} more words should add as many tokens to the prompt in each turn, they add {added}"


def _conversation(longer: int | None) -> list[dict[str, Any]]:
    return [_turn(role, _words(_MORE if place == longer else _FEW)) for place, role in enumerate(_ROLES)]


def _more_than(ask: Asker, prompt: str, twin: str, what: str) -> str:
    tokens, fewer = (prompt_tokens(ask(one, max_tokens=1)) for one in (prompt, twin))
    if tokens > fewer:
        return ""
    return f"{prompt[:24]!r}… should be more tokens than {what}, it is {tokens} and the other {fewer}"


def _turn(role: str, content: object) -> dict[str, Any]:
    return {"role": role, "content": content}


def _parts(*texts: str) -> list[dict[str, Any]]:
    return [_turn("user", [{"type": "text", "text": one} for one in texts])]


def _words(count: int) -> str:
    return " ".join(["hello"] * count)
