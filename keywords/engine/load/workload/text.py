"""Synthetic text: common English words without a meaning, as many as are asked for, in microseconds.

A long text is a slice of one fixed ring of words. Each text opens with words of its own, so that no two have the same
beginning, which is all that a prefix cache compares.
"""

from __future__ import annotations

import hashlib
from functools import cache
from itertools import accumulate
from typing import Final

from keywords.engine.load.workload.draws import as_numbers, draw_bytes

# 256 words, one for each byte. With the space before it, each is one token of SmolLM2's vocabulary; that it is one in
# others too is likely, and measured before a load run (`prompt_lengths`).
WORDS: Final = tuple(
    """
    time year people way day man thing woman life child world school state family student group country problem hand
    part place case week company system program question work government number night point home water room mother
    area money story fact month lot right study book eye job word business issue side kind head house service friend
    father power hour game line end member law car city community name president team minute idea body information
    back parent face others level office door health person art war history party result change morning reason
    research girl guy moment air teacher force education foot boy age policy music market sense nation plan college
    interest death course experience effect use class control field development role effort rate heart drug show
    leader light voice wife police mind price report decision son view relationship town road arm difference value
    building action season society tax director position player record paper space ground form event official matter
    center couple site project activity star table need court oil situation cost industry figure street image phone
    data picture practice piece land product doctor wall patient worker news test movie north love support step baby
    computer type attention film tree source hair look window culture chance brother energy period summer
    opportunity answer task science model south letter risk material blood board sea river stone green blue red
    black white winter spring garden wood metal glass salt bread milk fish bird horse dog cat sheep farm bridge ship
    train plane wheel engine ring king queen song dance dream sleep
    """.split()  # noqa: SIM905  # a list of them would take 256 lines
)
OPENING: Final = 8
"""Words that a text has of its own: 2^64 different openings."""
_RING: Final = 65536


@cache
def _ring() -> tuple[str, tuple[int, ...]]:
    """The ring's text, each word with a space before it, and where each word begins; its end comes last."""
    picks = hashlib.shake_128(b"ring of words").digest(_RING)
    words = [WORDS[pick] for pick in picks]
    return " " + " ".join(words), (*accumulate((len(word) + 1 for word in words), initial=0),)


@cache
def text_version() -> str:
    """Hash of the ring; the same version makes the same texts."""
    return hashlib.sha256(_ring()[0].encode()).hexdigest()[:16]


def draw_text(count: int, *key: object) -> str:
    """A text of so many words that depends on nothing but a key, see `draws`."""
    drawn = draw_bytes(*key)
    return make_text(count, drawn, as_numbers(drawn)[-1])


def make_text(count: int, opening: bytes, start: float) -> str:
    """A text of so many words.

    Args:
        count: words, at least one.
        opening: one byte for each of its own words at the beginning.
        start: where in the ring it goes on, from 0 to below 1.
    """
    own = [WORDS[byte] for byte in opening[: min(count, OPENING)]]
    parts, left, at = [" ".join(own)], count - len(own), int(start * _RING)
    text, begins = _ring()
    while left > 0:
        taken = min(left, _RING - at)
        parts.append(text[begins[at] : begins[at + taken]])
        left, at = left - taken, 0
    return "".join(parts)
