"""Determinism under load: whether a prompt's answer depends on how many others are answered at the same time.

Greedy decoding may change with the batch, as few kernels are batch-invariant: 80 distinct completions of 1,000 at
temperature 0 (He et al., Thinking Machines, 2025); llama.cpp#7052 tells of it for more slots, llama.cpp#7594 for its
prompt cache. What is claimed is what was counted: "0 of n prompts differed, at most U do", never "deterministic".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from keywords.engine.statistics.intervals import clopper_pearson_upper, wilson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keywords.engine.openai.client import Answer

_WORD: Final = re.compile(r"\S+\s*|\s+")
_CONFIDENCE: Final = 0.95
_NOTHING: Final = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Completion:
    """One answer.

    Attributes:
        prompt: that was asked.
        text: of the first choice.
        tokens: of the text, by the answer's log probabilities; its words where the server sends none.
        logprobs: of the tokens; empty where the server sends none.
        fingerprint: the answer's `system_fingerprint`; None without.
        cached_tokens: of the prompt, by the server's usage; None where it does not tell.
        total_s: seconds of the whole answer.
    """

    prompt: str
    text: str
    tokens: tuple[str, ...]
    logprobs: tuple[float, ...] = ()
    fingerprint: str | None = None
    cached_tokens: int | None = None
    total_s: float = 0.0


@dataclass(frozen=True, slots=True)
class DeterminismCell:
    """All answers of one way to ask.

    Attributes:
        name: of the way, such as `10 users, the same prompt`.
        completions: in the order of their requests.
        reference: answers to the same prompts, asked one after the other; empty for such answers themselves, whose
            first answer to a prompt is its reference.
    """

    name: str
    completions: tuple[Completion, ...]
    reference: tuple[Completion, ...] = ()

    def __repr__(self) -> str:
        return f"DeterminismCell({self.statement!r})"

    @property
    def prompts(self) -> tuple[str, ...]:
        """The prompts, each once."""
        return tuple(dict.fromkeys(each.prompt for each in self.completions))

    @property
    def differing(self) -> tuple[Completion, ...]:
        """The answers that are not the reference's, byte by byte."""
        return tuple(each for each in self.completions if each.text != self._expected(each).text)

    @property
    def differing_prompts(self) -> int:
        """Number of prompts with an answer that is not the reference's."""
        return len({each.prompt for each in self.differing})

    @property
    def distinct_rate(self) -> float:
        """Distinct completions over completions, prompt by prompt; of 1 completion a prompt it is always 1.

        Source: Thinking Machines' 80 of 1,000.
        """
        return len({(each.prompt, each.text) for each in self.completions}) / len(self.completions)

    @property
    def first_divergent_token(self) -> int | None:
        """The smallest position, from 0, of a token that is not the reference's; None if all are."""
        return min((_divergence(each, self._expected(each)) for each in self.differing), default=None)

    @property
    def largest_logprob_difference(self) -> float | None:
        """The largest difference of a token's log probability from the reference's, before texts diverge.

        None where the server sends no log probabilities.
        """
        differences = [
            abs(one - other)
            for each in self.completions
            for one, other in zip(
                each.logprobs[: _divergence(each, self._expected(each))], self._expected(each).logprobs, strict=False
            )
        ]
        return max(differences, default=None)

    @property
    def identical_share(self) -> tuple[float, float, float]:
        """The share of prompts whose answers are all the reference's, with Wilson's 95 % interval."""
        count, identical = len(self.prompts), len(self.prompts) - self.differing_prompts
        return identical / count, *wilson(identical, count)

    @property
    def upper_bound(self) -> float:
        """The upper 95 % bound of the share of prompts that differ; exact, one-sided."""
        return clopper_pearson_upper(self.differing_prompts, len(self.prompts), _CONFIDENCE)

    @property
    def most_cached_tokens(self) -> int | None:
        """The largest number of a prompt's tokens that came from a cache; None where the server does not tell."""
        return max((each.cached_tokens for each in self.completions if each.cached_tokens is not None), default=None)

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """The distinct fingerprints of the system."""
        return tuple(sorted({each.fingerprint for each in self.completions if each.fingerprint is not None}))

    @property
    def statement(self) -> str:
        """The result in a sentence."""
        first, bound = self.first_divergent_token, f"{self.upper_bound:.0%}"
        where = "" if first is None else f", the first from token {first} on"
        return (
            f"{self.name}: {len(self.differing)} of {len(self.completions)} answers differed{where}; "
            f"{self.differing_prompts} of {len(self.prompts)} prompts, with 95 % confidence at most {bound}"
        )

    def _expected(self, completion: Completion) -> Completion:
        known = self.reference or self.completions
        return next(each for each in known if each.prompt == completion.prompt)


def completion_of(prompt: str, answer: Answer) -> Completion:
    """What an answer is for a comparison."""
    body = answer.exchange.json()
    usage = body.get("usage") or {}
    content = ((body["choices"][0].get("logprobs") or {}).get("content")) or []
    return Completion(
        prompt=prompt,
        text=answer.text,
        tokens=tuple(each["token"] for each in content) or tuple(_WORD.findall(answer.text)),
        logprobs=tuple(float(each["logprob"]) for each in content),
        fingerprint=body.get("system_fingerprint"),
        cached_tokens=(usage.get("prompt_tokens_details") or {}).get("cached_tokens"),
        total_s=answer.total_s,
    )


def table_of(cells: Sequence[DeterminismCell]) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Head and rows of a table of cells."""
    head = (
        "asked",
        "answers",
        "distinct / answers",
        "prompts unchanged, 95 % interval",
        "first divergent token",
        "largest difference of a log probability",
        "cached tokens of a prompt",
        "fingerprints",
    )
    return head, tuple(_row(cell) for cell in cells)


def _row(cell: DeterminismCell) -> tuple[str, ...]:
    share, low, high = cell.identical_share
    difference = cell.largest_logprob_difference
    return (
        cell.name,
        str(len(cell.completions)),
        f"{cell.distinct_rate:.3f}",
        f"{share:.0%}, {low:.0%} to {high:.0%}",
        _NOTHING if cell.first_divergent_token is None else str(cell.first_divergent_token),
        _NOTHING if difference is None else f"{difference:.2g}",
        _NOTHING if cell.most_cached_tokens is None else f"at most {cell.most_cached_tokens}",
        ", ".join(cell.fingerprints) or _NOTHING,
    )


def _divergence(one: Completion, other: Completion) -> int:
    """The position of the first token that two completions do not share; the length of the shorter if there is none."""
    pairs = enumerate(zip(one.tokens, other.tokens, strict=False))
    shorter = min(len(one.tokens), len(other.tokens))
    return next((at for at, (first, second) in pairs if first != second), shorter)
