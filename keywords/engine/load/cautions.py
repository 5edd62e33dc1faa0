"""Cautions: why numbers that were measured rightly may still mislead; each is a sentence beside the numbers."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from math import sqrt
from statistics import median
from typing import TYPE_CHECKING, Literal

from keywords.engine.load.turn_cache import TurnCache

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keywords.engine.load.items import ItemSource, Turn
    from keywords.engine.load.sample import Sample

CautionKind = Literal[
    "text_disagrees_with_usage", "repeats_are_cached", "repeated_prompts", "no_stream", "no_usage", "environment"
]
_BYTES_PER_CHARACTER = 4
"""The most that UTF-8 takes; a token is a byte at least, so a text holds at most so many tokens for each character."""
_COMPARED = 5
"""The least number of first and of repeated prompts that are compared, as for a median."""
_KEPT = 20_000
"""Items whose prompts are looked at; making a prompt may take as long as sending it."""
_SOONER = 0.8
_SIGNIFICANCE = 0.01
_CHANCE = 2.0


@dataclass(frozen=True, slots=True)
class Caution:
    """One caution.

    Attributes:
        kind: which one.
        text: a sentence with the numbers behind it, and the remedy.
    """

    kind: CautionKind
    text: str


class CautionCounter:
    """Watches samples go by; it is a `SampleSink`, so memory does not grow with the run.

    Args:
        source: of the items, for what depends on prompts; None leaves that out.
    """

    def __init__(self, source: ItemSource | None = None) -> None:
        self._source = source
        self._counts: Counter[str] = Counter()
        self._prompts: set[bytes] = set()
        self._digests = TurnCache(_digest)
        self._first_s: list[float] = []
        self._repeated_s: list[float] = []

    def add(self, samples: Sequence[Sample]) -> None:
        """Take finished samples in the order of their ends; those of the warm-up count for nothing.

        Their prompts may be in a cache, though, so one that comes again is a repetition.
        """
        for sample in samples:
            if sample.error is not None or sample.cancelled:
                continue
            if sample.stage < 0:
                self._note_warmup_prompt(sample)
                continue
            self._counts["answers"] += 1
            self._counts["no_stream"] += not sample.streamed
            self._counts["no_usage"] += sample.tokens_source == "chunks"
            if sample.tokens_source == "usage" and sample.output_tokens is not None:
                self._counts["usage"] += 1
                most = sample.text_length * _BYTES_PER_CHARACTER + 1  # the token that ends an answer has no text
                self._counts["tokens_without_text"] += sample.output_tokens > most
            self._note_prompt(sample)

    def cautions(self) -> tuple[Caution, ...]:
        """The cautions that the samples so far give reason for."""
        counts, found = self._counts, []
        if without_text := counts["tokens_without_text"]:
            found.append(
                Caution(
                    "text_disagrees_with_usage",
                    f"{without_text} of {counts['usage']} answers have more tokens by the server's usage than their "
                    f"text can hold: tokens and their rates follow the usage; look for text that is hidden, lost or "
                    f"empty",
                )
            )
        if counts["no_usage"]:
            found.append(
                Caution(
                    "no_usage",
                    f"{counts['no_usage']} of {counts['answers']} answers came without usage: their tokens are their "
                    f"chunks, an estimate; a chunk may hold several tokens",
                )
            )
        if counts["no_stream"]:
            found.append(
                Caution(
                    "no_stream",
                    f"{counts['no_stream']} of {counts['answers']} answers were no streams: their time to first "
                    f"content and time per token are not measurable, and are left out",
                )
            )
        found += self._repetition()
        return tuple(found)

    def _note_prompt(self, sample: Sample) -> None:
        """Sort the time to the first byte by whether the prompt came before; a later turn is no repetition."""
        if self._source is None or sample.turn or len(self._first_s) + len(self._repeated_s) >= _KEPT:
            return
        if sample.t_sent is None or sample.t_first_byte is None:
            return
        digest = self._digests.of(self._source.item(sample.item).turns[0])
        first = sample.t_first_content or sample.t_first_byte
        (self._repeated_s if digest in self._prompts else self._first_s).append(first - sample.t_sent)
        self._prompts.add(digest)

    def _note_warmup_prompt(self, sample: Sample) -> None:
        if self._source is not None and not sample.turn and len(self._prompts) < _KEPT:
            self._prompts.add(self._digests.of(self._source.item(sample.item).turns[0]))

    def _repetition(self) -> list[Caution]:
        first, repeated = self._first_s, self._repeated_s
        if not repeated:
            return []
        share = f"{len(repeated)} of {len(first) + len(repeated)} prompts had been sent before"
        if min(len(first), len(repeated)) >= _COMPARED and _is_sooner(repeated, first):
            return [
                Caution(
                    "repeats_are_cached",
                    f"{share}, and their first text came after {1000 * median(repeated):.3g} ms instead of "
                    f"{1000 * median(first):.3g} ms (medians): repeats are served from a cache; send unique prefixes "
                    f"to measure without it",
                )
            ]
        return [
            Caution(
                "repeated_prompts",
                f"{share}: a cache would make them faster than users' prompts are; send unique prefixes to rule it out",
            )
        ]


def _digest(turn: Turn) -> bytes:
    return hashlib.sha256(json.dumps([dict(each) for each in turn.messages]).encode()).digest()


def _is_sooner(repeated: Sequence[float], first: Sequence[float]) -> bool:
    """Whether repeated prompts are answered sooner, beyond chance and by a fifth at least (Mann-Whitney, one-sided)."""
    if median(repeated) > _SOONER * median(first) or not _may_be_sooner(repeated, first):
        return False
    from scipy.stats import mannwhitneyu  # noqa: PLC0415  # importing scipy takes most of a second

    return bool(mannwhitneyu(repeated, first, alternative="less").pvalue < _SIGNIFICANCE)


def _may_be_sooner(repeated: Sequence[float], first: Sequence[float]) -> bool:
    """Whether the test is worth its import: its statistic is `_CHANCE` deviations below its mean at least.

    At 2 of them, p is 0.02 at least for any numbers of values from `_COMPARED` on, more than `_SIGNIFICANCE`.
    """
    ordered = sorted(first)
    later = sum(bisect_left(ordered, value) for value in repeated)
    pairs = len(first) * len(repeated)
    return later < pairs / 2 - _CHANCE * sqrt(pairs * (len(first) + len(repeated) + 1) / 12)
