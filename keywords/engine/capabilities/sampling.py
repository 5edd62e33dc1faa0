"""Trials of what steers the sampling. Each returns what went wrong, as a sentence; empty if all is well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keywords.engine.capabilities.asking import InconclusiveError, prompt_tokens, text

if TYPE_CHECKING:
    from keywords.engine.capabilities.asking import Asker

_HOT = 2
_STORY = "Tell me a story."
_SEEDS = (1, 2, 3)
_TINY = 0.001
"""A `top_p` that leaves the likeliest token only."""
_TOKEN_IDS = (1000, 1001)
"""Two words that every vocabulary of today has; which ones does not matter."""


def is_repeatable(ask: Asker) -> bool:
    """Whether the same greedy request gets the same answer three times."""
    return len({text(ask(_STORY, max_tokens=12)) for _ in range(3)}) == 1


def temperature(ask: Asker) -> str:
    """A high temperature changes the greedy answer."""
    return _changes(ask, max_tokens=12, temperature=_HOT, seed=1)


def top_p(ask: Asker) -> str:
    """A tiny `top_p` makes the answers of several seeds the same, which differ without it."""
    hot = [_story(ask, seed=seed) for seed in _SEEDS]
    if len(set(hot)) == 1:
        return f"at temperature {_HOT} the seeds {_SEEDS} should give different answers, all say {hot[0]!r}"
    narrow = [_story(ask, seed=seed, top_p=_TINY) for seed in _SEEDS]
    if len(set(narrow)) == 1:
        return ""
    return f"with top_p={_TINY} the seeds {_SEEDS} should give the same answer, got {narrow}"


def seed(ask: Asker) -> str:
    """A seed repeats its answer, and another seed does not."""
    first, again, other = (_story(ask, seed=number) for number in (7, 7, 8))
    if first != again:
        return f"the seed 7 should give the same answer twice, got {first!r} and {again!r}"
    return f"the seeds 7 and 8 should give different answers, both say {first!r}" if first == other else ""


def streamed_sampling(ask: Asker) -> str:
    """A stream takes temperature and seed as a plain request does."""
    fields: dict[str, Any] = {"temperature": 1, "seed": 7, "max_tokens": 12}
    plain, streamed = text(ask(_STORY, **fields)), ask.stream(_STORY, **fields).text
    if plain == streamed:
        return ""
    return f"at temperature 1 and seed 7 the stream should say {plain!r}, it says {streamed!r}"


def presence_penalty(ask: Asker) -> str:
    """A penalty on what was said changes a greedy story."""
    return _changes(ask, "Tell me a long story about a cat.", max_tokens=40, presence_penalty=2)


def frequency_penalty(ask: Asker) -> str:
    """A penalty on repetition changes a greedy answer that repeats a word."""
    return _changes(ask, "Repeat the word hello ten times: hello hello hello", max_tokens=24, frequency_penalty=2)


def logit_bias(ask: Asker) -> str:
    """A token with the highest bias is the only one in the answer."""
    texts = [text(ask(max_tokens=4, logit_bias={str(token): 100})) for token in _TOKEN_IDS]
    if texts[0] != texts[1]:
        return ""
    return f"the highest bias on the tokens {_TOKEN_IDS} should give an answer for each, both are {texts[0]!r}"


def user_label(ask: Asker) -> str:
    """The label of a user adds no token to the prompt and changes no greedy answer."""
    plain, labelled = ask(_STORY), ask(_STORY, user="user-1")
    for name, read in (("prompt tokens", prompt_tokens), ("text", text)):
        if read(plain) != read(labelled):
            return f"with a user's label the {name} should be {read(plain)!r} as without, got {read(labelled)!r}"
    return ""


def changes_answer(ask: Asker, **fields: Any) -> str:
    """Fields change the greedy answer."""
    return _changes(ask, **fields)


def _changes(ask: Asker, prompt: str = _STORY, *, max_tokens: int = 6, **fields: Any) -> str:
    before, after = text(ask(prompt, max_tokens=max_tokens)), text(ask(prompt, max_tokens=max_tokens, **fields))
    asked = ", ".join(f"{name}={value!r}" for name, value in fields.items())
    if before == after:
        return f"{asked} should change the answer, with it and without it is {after!r}"
    if text(ask(prompt, max_tokens=max_tokens)) != before:
        raise InconclusiveError(f"the answer at temperature 0 changes without {asked} too")
    return ""


def _story(ask: Asker, **fields: Any) -> str:
    return text(ask(_STORY, temperature=_HOT, max_tokens=8, **fields))
