"""Numbers in replies, compared as decimals."""

from __future__ import annotations

import re
from decimal import Decimal, DecimalException

_STRICT = re.compile(r"####\s*([$€£]?\s*[-\u2212\u2013+]?\s*[$€£]?\s*[0-9.,]+)")
"""ANS_RE of `openai/grade-school-math`: grade_school_math/dataset.py, with a currency sign or a Unicode minus."""
_NUMBER = re.compile(
    r"(?P<sign>(?<![\w)\].,%])(?<!\d )(?:[-\u2013+](?=[$€£]?[\d.])|\u2212\s?))?"
    r"[$€£]?\s?(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
    r"(?:\s?/\s?(?P<below>\d+))?"
)
"""A number with its sign.

A dash after a word or a number joins, and one before a space lists or separates; neither is a sign: the last number of
`10-15`, `10 - 15` and of the list `- 15` is 15.
"""
_MINUS = "-\u2212\u2013"


def number(text: str) -> Decimal | None:
    """The number that a text is, without currency sign, thousands separators and a full stop behind; None if none.

    A separator must stand before groups of three digits: `1,200` is 1200, and `1,2` is no number.
    """
    cleaned = re.sub(r"[$€£\s+]", "", text).rstrip(".,")
    negative = bool(cleaned[:1]) and cleaned[0] in _MINUS
    cleaned = cleaned.lstrip(_MINUS)
    if "," in cleaned:
        if not re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", cleaned):
            return None
        cleaned = cleaned.replace(",", "")
    if not re.fullmatch(r"\d*\.?\d+", cleaned):
        return None
    # Arithmetic would round to 28 digits, and fail beyond a million of them.
    return Decimal(cleaned).copy_negate() if negative else Decimal(cleaned)


def strict_number(text: str) -> tuple[str, Decimal] | None:
    r"""The first number behind `####`, as text and value; None if there is none.

    Source: `openai/grade-school-math`: grade_school_math/dataset.py, `extract_answer`: the first match of
    `#### (\-?[0-9\.\,]+)`, commas removed; "[invalid]" if nothing matches.
    """
    found = _STRICT.search(text)
    if found is None:
        return None
    value = number(found[1])
    return None if value is None else (found[1].strip(), value)


def last_number(text: str) -> tuple[str, Decimal] | None:
    """The last number of a text, as text and value; None if there is none.

    A fraction of two whole numbers is one number. What stands behind `####` is the last number even if more follow.

    Source: lm-evaluation-harness, tasks/gsm8k/gsm8k.yaml, filter "flexible-extract": the last match of a number; here
    each match needs a digit, and a dash between numbers is no sign.
    """
    if strict := strict_number(text):
        return strict
    for found in reversed(list(_NUMBER.finditer(text))):
        value = Decimal(found["digits"].replace(",", ""))
        if found["below"]:
            try:
                value /= Decimal(found["below"])
            except DecimalException:  # by 0, or of more digits than any number has
                continue
        negative = found["sign"] is not None and found["sign"][0] in _MINUS
        return found[0].strip(), value.copy_negate() if negative else value
    return None
