"""Bounds the cost of a regular expression in a JSON schema; `schema_cost` says why."""

from __future__ import annotations

import re

# A group's beginning or end, an alternative, a repetition, or anything that stands for one character.
_PARTS = re.compile(
    r"(?P<open>\((?:\?[:=!]|\?<[=!])?)|(?P<close>\))|(?P<or>\|)|(?P<repeat>[?*+]|\{(?P<least>\d+)(?P<range>,(?P<most>\d*))?\})"
    r"|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.",
    re.DOTALL,
)
_LONGEST_REPETITION = 2000


def pattern_ways(pattern: str) -> int:
    """Bound the ways in which a text that follows `pattern` may go on at one place.

    Each part that may be left out or repeated is a choice; a group that is repeated up to n times has n times its own
    choices. The ways to divide a text among choices that stand side by side grow at least with the square of their
    number: 8 runs of 1 to 4 letters cost 0.18 s per token, 16 cost 10 s.
    """
    # The choices of the open groups, the outermost first; and those of the part that a repetition may follow.
    groups = [0]
    last = 0
    for part in _PARTS.finditer(pattern):
        if part["open"]:
            groups.append(0)
        elif part["close"]:
            if len(groups) > 1:
                last = groups.pop()
                groups[-1] += last
        elif part["or"]:
            groups[-1] += 1
        elif part["repeat"]:
            times = _times(part)
            repeated = last + 1 if times is None else max(last, 1) * times if last else int(part["range"] is not None)
            groups[-1] += repeated - last
            last = repeated
        else:
            last = 0
    return 4 * sum(groups) ** 2


def _times(repeat: re.Match[str]) -> int | None:
    """How often a part comes at most; None for `?`, `*` and `+`, which do not copy it."""
    if repeat["least"] is None:
        return None
    return min(int(repeat["most"] or repeat["least"]), _LONGEST_REPETITION)
