"""Requests for text completions and embeddings in which one field is wrong, for `malformed.py`.

Types and bounds are those of OpenAI's published `CreateCompletionRequest` and `CreateEmbeddingRequest`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from keywords.engine.malformed_fields import UNKNOWN_FIELDS, no_integer, not_of, optional_not_of, outside

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

COMPLETIONS, EMBEDDINGS = "/v1/completions", "/v1/embeddings"
_MOST_TEXTS = 2048


def broken_completion(model: str) -> SearchStrategy[dict[str, Any]]:
    """A request for a text completion of one token, with one field of the wrong type or out of bounds."""
    good = {"model": model, "prompt": "Say something", "max_tokens": 1}
    flag = optional_not_of(bool)
    return _broken(
        good,
        {
            "prompt": _wrong_texts() | st.just([]),
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


def broken_embeddings(model: str) -> SearchStrategy[dict[str, Any]]:
    """A request for embeddings with one field of the wrong type or out of bounds."""
    good = {"model": model, "input": "Say something"}
    nothing: SearchStrategy[Any] = st.sampled_from((None, "", [], [""], ["a"] * (_MOST_TEXTS + 1)))
    return _broken(
        good,
        {
            "input": _wrong_texts() | nothing,
            "dimensions": no_integer(1, None),
            "encoding_format": optional_not_of(str) | st.sampled_from(("", "hex", "FLOAT")),
            "user": optional_not_of(str),
        },
    )


def _wrong_texts() -> SearchStrategy[Any]:
    """Neither text, nor texts, nor ids of tokens, nor lists of these."""
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
