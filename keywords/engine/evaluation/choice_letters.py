"""Letters of choices in replies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ANSWER = r"(?i:answer|choice|option)(?i:\s+is)?\s*:?[\s*_`(\[$\"'\\]*(?:boxed\{|text\{)*"
_BOUNDARY = r"(?![\w'\u2019])"
_MARKS = r"[\s*_`(\[$\"'\\]*(?:boxed\{|text\{)*"


def choice_letter(text: str, letters: str) -> str | None:
    r"""The letter that a reply chooses; None if it chooses none.

    The last `Answer: C` decides, with or without Markdown, brackets or a `$` around the letter, which must not be the
    beginning of a word. Without one, a reply that begins with a letter, such as `C` or `**C.** because`, has chosen it,
    and then one that is a capital letter alone on its last line.

    Args:
        text: the reply.
        letters: the letters that stand for a choice, such as `ABCD`.

    Source: `inspect_ai`: _util/pattern.py, ANSWER_PATTERN_LETTER: `ANSWER\s*:\s*([A-Za-z])(?:[^\w]|\n|$)`, not
    followed by another; the bare letter is that of the official 5-shot prompt of MMLU, `hendrycks/test`, which ends
    with "Answer:".
    """
    one = f"([{letters}{letters.lower()}])"
    said = list(re.finditer(f"{_ANSWER}{one}{_BOUNDARY}", text))
    if said:
        return said[-1][1].upper()
    stripped = text.strip()
    # A small "a" may be an article, and so may a capital one before a word.
    bare = re.match(
        rf"{_MARKS}([{letters}])(?=[\s*_`)\]$\"'}}.,:;\-]*(?:$|\n)|[*_`)\]$\"'}}.,:;]+\s|[)\]:.]\S)", stripped
    )
    if bare:
        return bare[1]
    if re.fullmatch(f"{_MARKS}{one}[\\s*_`)\\]$\"'}}.,]*", stripped):
        return re.sub(f"[^{letters}{letters.lower()}]", "", stripped)[:1].upper()
    last = re.search(rf"(?:^|\n){_MARKS}([{letters}])[\s*_`)\]$\"'}}.,]*$", stripped)
    return last[1] if last else None


def likeliest_letter(first_token: Mapping[str, float], letters: Sequence[str]) -> str | None:
    """The letter of a choice that is the likeliest first token; None if none of them is among the candidates.

    Args:
        first_token: logarithms of probabilities by token; a token may begin with a space.
        letters: the letters of the choices.

    Source: `hendrycks/test`: evaluate.py, which takes the likeliest of " A" to " D" after "Answer:".
    """
    found = {letter: max(values) for letter in letters if (values := _values(first_token, letter))}
    return max(found, key=lambda letter: found[letter]) if found else None


def _values(first_token: Mapping[str, float], letter: str) -> list[float]:
    return [value for token, value in first_token.items() if token.strip() == letter]
