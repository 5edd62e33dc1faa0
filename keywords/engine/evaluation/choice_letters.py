"""Letters of choices in replies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SEVERAL = 2
_MARKS = r"[\s*_`(\[$\"'\\]*(?:boxed\{|text\{)*"
_ANSWER = r"(?i:answer|choice|option)[*_`]*(?:(?i:\s+is)\s*:?|\s*:)" + _MARKS
_BOUNDARY = r"(?![\w'\u2019])"
_ARTICLE = r"(?!(?:a|[iI])[ \t]+\w)"
"""What a letter is not: an article, or the word I, before another word."""


def choice_letter(text: str, letters: str) -> str | None:
    r"""The letter that a reply chooses; None if it chooses none.

    The last `Answer: C` or `The answer is C` decides, with or without Markdown, brackets or a `$` around the letter,
    which must not be the beginning of a word, nor the article of `The answer is a bee`. Without one, a reply that
    begins with a letter, such as `C`, `Option C` or `**C.** because`, has chosen it, unless it repeats several choices;
    then one that is a capital letter alone on its last line, or ends with `option C`.

    Args:
        text: the reply.
        letters: the letters that stand for a choice, such as `ABCD`.

    Source: `inspect_ai`: _util/pattern.py, ANSWER_PATTERN_LETTER: `ANSWER\s*:\s*([A-Za-z])(?:[^\w]|\n|$)`, not
    followed by another; the bare letter is that of the official 5-shot prompt of MMLU, `hendrycks/test`, which ends
    with "Answer:".
    """
    one = f"([{letters}{letters.lower()}])"
    said = list(re.finditer(f"{_ANSWER}{_ARTICLE}{one}{_BOUNDARY}", text))
    if said:
        return said[-1][1].upper()
    stripped = text.strip()
    if re.fullmatch(f"{_MARKS}{one}[\\s*_`)\\]$\"'}}.,]*", stripped):
        return re.sub(f"[^{letters}{letters.lower()}]", "", stripped)[:1].upper()
    if len(set(re.findall(rf"^[*_`(\[]{{0,4}}([{letters}])[.):]", stripped, re.MULTILINE))) < _SEVERAL:
        # A small "a" may be an article, and so may a capital one before a word.
        bare = re.match(
            rf"(?i:option\s|choice\s)?{_MARKS}([{letters}])"
            rf"(?=[\s*_`)\]$\"'}}.,:;\-]*(?:$|\n)|[*_`)\]$\"'}}.,:;]+\s|[)\]:.]\S)",
            stripped,
        )
        if bare:
            return bare[1]
    last = re.search(rf"(?:(?:^|\n)|(?i:option|choice)\s){_MARKS}([{letters}])[\s*_`)\]$\"'}}.,]*$", stripped)
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
