"""Proxies of hallucination: whether a model says the same again.

None of them measures truth. So each is cross-tabulated with correctness: what no proxy can find is an item that is
consistent and wrong.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from keywords.engine.evaluation.decimals import number
from keywords.engine.evaluation.declining import abstains, refuses
from keywords.engine.evaluation.formats import LETTERS
from keywords.engine.evaluation.prompting import rotated
from keywords.engine.evaluation.scorers import scorer as find_scorer
from keywords.engine.evaluation.text_matching import normalise_triviaqa, token_f1

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from keywords.engine.evaluation.scores import Place, Score

CONSISTENT_SHARE = 0.5
"""More than this share of an item's draws say what the greedy answer says; or of its words, on average."""
CONSISTENT_ENTROPY = math.log(2)
"""Nats; that of draws of which half say one thing and half another."""
Proxy = Literal["majority", "entropy", "agreement"]
"""By what draws are called consistent."""


@dataclass(frozen=True, slots=True)
class ItemConsistency:
    """How an item's draws agree.

    Attributes:
        item: its id.
        greedy: the greedy answer, as draws are compared; None if it is no answer.
        draws: answers of the model, those without a reply left out.
        majority: the answer of more draws than any other; None if two share the first place, or none is valid.
        majority_share: its share of all draws, 0 to 1.
        entropy: of the answers' clusters, in nats; 0 if all say the same.
        agreement: mean token F1 between the greedy answer and the draws, 0 to 1.
        correct: whether the greedy answer is right.
    """

    item: str
    greedy: str | None
    draws: int
    majority: str | None
    majority_share: float
    entropy: float
    agreement: float
    correct: bool

    def is_consistent(self, proxy: Proxy = "majority") -> bool:
        """Whether the draws say the same as the greedy answer, or, by their entropy, as each other.

        Args:
            proxy: `majority`, if more than half of the draws say the same as the greedy answer; `entropy`, if that of
                the draws is below that of two answers of equal share; `agreement`, if on average draws and the greedy
                answer share more than half of their words.
        """
        return {
            "majority": self.majority is not None
            and self.majority == self.greedy
            and self.majority_share > CONSISTENT_SHARE,
            "entropy": self.entropy < CONSISTENT_ENTROPY,
            "agreement": self.agreement > CONSISTENT_SHARE,
        }[proxy]


@dataclass(frozen=True, slots=True)
class CrossTable:
    """Items by two questions: is the model consistent, and is it right?

    Attributes:
        consistent_right: neither doubt nor error.
        consistent_wrong: the dangerous ones: no proxy of this kind finds them.
        varying_right: right by luck.
        varying_wrong: what the proxy finds.
    """

    consistent_right: int
    consistent_wrong: int
    varying_right: int
    varying_wrong: int

    @property
    def sentence(self) -> str:
        """The table in words."""
        return (
            f"{self.consistent_wrong} CONSISTENT AND WRONG, {self.consistent_right} consistent and right, "
            f"{self.varying_wrong} varying and wrong, {self.varying_right} varying and right"
        )


def majority(answers: Sequence[str | None]) -> str | None:
    """The answer that more draws give than any other; None if two share the first place, or none is valid.

    An invalid answer, None, counts as a draw but never wins.

    Source: X. Wang et al., Self-Consistency, arXiv 2203.11171. lm-evaluation-harness, filters/selection.py, lets
    "[invalid]" win and breaks ties by order; neither is done here.
    """
    ranked = Counter(answer for answer in answers if answer is not None).most_common(2)
    if not ranked or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0][0]


def semantic_entropy(answers: Sequence[str | None]) -> float:
    """Entropy of the clusters of equal answers, in nats: 0 if all say the same, ln(k) if none of k does.

    Invalid answers say nothing alike, so each is a cluster of its own.

    Source: S. Farquhar et al., Nature 630 (2024) 625, discrete semantic entropy: -sum p ln p over clusters of meaning.
    Meaning is the number, the choice or the normalised text here, so it fits short answers only.
    """
    if not answers:
        raise ValueError("an entropy needs at least one answer")
    clusters = Counter(str(at) if answer is None else f"={answer}" for at, answer in enumerate(answers))
    shares = [count / len(answers) for count in clusters.values()]
    return -sum(share * math.log(share) for share in shares) + 0.0


def agreement(greedy: str, draws: Sequence[str]) -> float:
    """Mean token F1 between the greedy answer and each draw, 0 to 1.

    Source: P. Manakul et al., SelfCheckGPT, arXiv 2303.08896: an answer that draws do not support is likely made up;
    with token F1 in the place of its measures, as no further model is at hand.
    """
    if not draws:
        raise ValueError("an agreement needs at least one draw")
    return sum(token_f1(draw, [greedy]) for draw in draws) / len(draws)


def short_answer(text: str) -> str | None:
    """A reply as the proxies compare it; None if it is no answer."""
    normalised = normalise_triviaqa(text)
    return None if not normalised or refuses(text) or abstains(text) else normalised


def item_consistency(greedy: Score, drawn: Score) -> list[ItemConsistency]:
    """How the draws of one run agree, with the greedy answers of another, by item.

    Args:
        greedy: of a run at temperature 0.
        drawn: of a run with several draws at a temperature above it, of the same set.

    Raises:
        ValueError: no item has a greedy answer and two draws.
    """
    first, draws = _texts(greedy), _texts(drawn)
    greedy_of, answers_of = _answers(greedy), _answers(drawn)
    found = []
    for item, said in draws.items():
        if len(said) > 1 and item in first:
            answers = answers_of[item]
            most = majority(answers)
            share = answers.count(most) / len(answers) if most is not None else 0.0
            supported = agreement(first[item][0], said)
            entropy = semantic_entropy(answers)
            found.append(
                ItemConsistency(
                    item, greedy_of[item][0], len(said), most, share, entropy, supported, correct=greedy.passes[item]
                )
            )
    if not found:
        raise ValueError("no item has a greedy answer and two draws: ask for draws=5 at temperature=1")
    return found


def cross_table(items: Sequence[tuple[bool, bool]]) -> CrossTable:
    """Count items by whether they are consistent, and right."""
    cells = Counter(items)
    return CrossTable(cells[True, True], cells[True, False], cells[False, True], cells[False, False])


def _texts(score: Score) -> Mapping[str, list[str]]:
    texts: dict[str, list[str]] = {}
    for place, text in _replies(score):
        texts.setdefault(place[0], []).append(text)
    return texts


def _answers(score: Score) -> Mapping[str, list[str | None]]:
    """What the replies say, by item: the choice or the number that the scorer took, else their short text."""
    scorer, answers = find_scorer(score.scorer), dict[str, list[str | None]]()
    for place, text in _replies(score):
        item, rotation, taken = score.items[place[0]], place[2], score.marks[place].extracted
        if scorer.needs_choices:
            said = rotated(item, rotation).choices[LETTERS.index(taken)] if taken else None
        elif scorer.is_numeric:
            said = _value(taken) if taken else None
        else:
            said = short_answer(text)
        answers.setdefault(item.id, []).append(said)
    return answers


def _value(taken: str) -> str:
    """A number as it is compared: `$22.00` as `22`, a fraction as it is written."""
    value = number(taken)
    text = taken if value is None else f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _replies(score: Score) -> Iterator[tuple[Place, str]]:
    for place in sorted(score.answers):
        reply = score.answers[place].asked.reply
        if reply is not None:
            yield place, reply.text
