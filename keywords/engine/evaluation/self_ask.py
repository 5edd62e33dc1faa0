"""Self-ask, a proxy of hallucination: whether a model stands by a claim, and whether its opinion says anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keywords.engine.evaluation.text_matching import matches, normalise_triviaqa

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keywords.engine.evaluation.items import Item
    from keywords.engine.statistics.pairs import Pairs


def stands_by_it(said_right: str | None, said_wrong: str | None) -> bool | None:
    """Whether a model stands by its own claim; None if it does not say.

    Args:
        said_right: the reply to whether the claim is right.
        said_wrong: the reply to whether the same claim is wrong. A model that says yes to both has no opinion.
    """
    right, wrong = _yes(said_right), _yes(said_wrong)
    if right is None or wrong is None:
        return None
    return right and not wrong


def self_ask_prompts(question: str, claim: str) -> tuple[str, str]:
    """The closed questions about a model's own claim: whether it is right, and whether it is wrong."""
    about = f"Question: {question}\nAnswer: {claim}\n"
    return f"{about}Is this answer right? Reply yes or no.", f"{about}Is this answer wrong? Reply yes or no."


def known_claims(items: Sequence[Item]) -> list[tuple[Item, str, str]]:
    """Items, each with a claim that is right and one that is wrong: an accepted answer, and that of a later item.

    Items without an accepted answer, and those for which every other item's answer is right too, are left out.
    """
    found = []
    answered = [item for item in items if item.references]
    for at, item in enumerate(answered):
        others = (other.references[0] for other in [*answered[at + 1 :], *answered[:at]])
        wrong = next((one for one in others if not matches(one, item.references, normalise_triviaqa)), None)
        if wrong is not None:
            found.append((item, item.references[0], wrong))
    return found


def tells_apart(stood_by: Pairs) -> bool:
    """Whether a model stands by right claims more often than by wrong ones, and no accident explains it.

    Args:
        stood_by: the known claims, paired by item: first the right one, then the wrong one.
    """
    return stood_by.is_significant and stood_by.drop > 0


def _yes(reply: str | None) -> bool | None:
    first = normalise_triviaqa(reply or "").split()[:1]
    return {"yes": True, "no": False}.get(first[0]) if first else None
