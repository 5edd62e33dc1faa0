"""Requests for text completions and embeddings with one wrong field, for `malformed.py`.

Types and bounds are those of OpenAI's published `CreateCompletionRequest` and `CreateEmbeddingRequest`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from keywords.engine.fuzz.fields import (
    PROMPT,
    UNKNOWN_FIELDS,
    WRONG_MODEL,
    no_integer,
    not_of,
    optional_not_of,
    outside,
)

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

_MOST_TEXTS = 2048


def good_completion(model: str) -> dict[str, Any]:
    """A valid request for a text completion of a single token."""
    return {"model": model, "prompt": PROMPT, "max_tokens": 1}


def good_embeddings(model: str) -> dict[str, Any]:
    """A valid request for embeddings."""
    return {"model": model, "input": PROMPT}


def wrong_prompt(good: dict[str, Any]) -> SearchStrategy[dict[str, Any]]:
    """The valid completion request with a wrong prompt."""
    return _broken(good, {"prompt": _wrong_prompts()})


def wrong_input(good: dict[str, Any]) -> SearchStrategy[dict[str, Any]]:
    """The valid embeddings request with a wrong or empty input."""
    return _broken(good, {"input": _wrong_inputs()})


def broken_completion(good: dict[str, Any]) -> SearchStrategy[dict[str, Any]]:
    """The valid completion request with one field of the wrong type or out of bounds."""
    flag = optional_not_of(bool)
    return _broken(
        good,
        {
            "model": WRONG_MODEL,
            "prompt": _wrong_prompts(),
            "max_tokens": no_integer(0, None),
            "n": no_integer(1, 128),
            "best_of": no_integer(1, 20),
            "logprobs": no_integer(0, 5),
            "echo": flag,
            "stream": flag,
            "suffix": optional_not_of(str),
            "temperature": outside(0, 2),
            "top_p": outside(0, 1),
            "presence_penalty": outside(-2, 2),
            "logit_bias": optional_not_of(dict),
            "stream_options": st.just({"include_usage": True}),
        },
    )


def broken_embeddings(good: dict[str, Any]) -> SearchStrategy[dict[str, Any]]:
    """The valid embeddings request with one field of the wrong type or out of bounds."""
    return _broken(
        good,
        {
            "model": WRONG_MODEL,
            "input": _wrong_inputs(),
            "dimensions": no_integer(1, None),
            "encoding_format": optional_not_of(str) | st.sampled_from(("", "hex", "FLOAT")),
            "user": optional_not_of(str),
        },
    )


def _wrong_prompts() -> SearchStrategy[Any]:
    return _wrong_texts() | st.just([])


def _wrong_inputs() -> SearchStrategy[Any]:
    nothing: SearchStrategy[Any] = st.sampled_from((None, "", [], [""], ["a"] * (_MOST_TEXTS + 1)))
    return _wrong_texts() | nothing


def _wrong_texts() -> SearchStrategy[Any]:
    """Values that are neither text, nor texts, nor token ids, nor lists of these."""
    return st.one_of(
        optional_not_of(str, list),
        not_of(str).map(lambda bad: ["a", bad]),
        not_of(int).map(lambda bad: [1, bad]),
        not_of(list).map(lambda bad: [[1], bad]),
        st.integers(max_value=-1).map(lambda bad: [[1, bad]]),
    )


def _broken(good: dict[str, Any], wrong: dict[str, SearchStrategy[Any]]) -> SearchStrategy[dict[str, Any]]:
    def broken(name: str) -> SearchStrategy[dict[str, Any]]:
        return st.builds(lambda value, more: {**more, **good, name: value}, wrong[name], UNKNOWN_FIELDS)

    return st.sampled_from(sorted(wrong)).flatmap(broken)
