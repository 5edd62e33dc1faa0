"""Requests to Anthropic's Messages with one wrong field, for `malformed.py`.

Types and bounds are those of platform.claude.com/docs/en/api/messages (temperature and `top_p` 0 to 1, at least one
message, a thinking budget of at least 1024 tokens and below `max_tokens`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from keywords.engine.fuzz.fields import (
    UNKNOWN_FIELDS,
    WRONG_MODEL,
    among_good,
    bad_frame,
    no_integer,
    not_of,
    optional_not_of,
    outside,
)

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

_ROLES = frozenset({"user", "assistant", "system"})
_SHORT = st.text(max_size=12)
_TOOL = {"name": "tool", "input_schema": {"type": "object", "properties": {}}}


def broken_field(good: dict[str, Any]) -> SearchStrategy[dict[str, Any]]:
    """The valid request with one field of the wrong type or out of bounds."""
    wrong = _wrong_values()

    def broken(name: str) -> SearchStrategy[dict[str, Any]]:
        also = {"tools": [_TOOL]} if name == "tool_choice" else {}
        return st.builds(lambda value, more: {**more, **good, **also, name: value}, wrong[name], UNKNOWN_FIELDS)

    return st.sampled_from(sorted(wrong)).flatmap(broken)


def broken_messages(good: dict[str, Any]) -> SearchStrategy[dict[str, Any]]:
    """The valid request with messages of the wrong type, or with one wrong message."""
    return among_good(good, _bad_message())


def _bad_message() -> SearchStrategy[Any]:
    role = st.sampled_from(("user", "assistant"))
    return st.one_of(
        bad_frame(_ROLES, role),
        role.map(lambda known: {"role": known, "content": []}),
        st.builds(lambda known, bad: {"role": known, "content": [bad]}, role, _bad_block()),
    )


def _bad_block() -> SearchStrategy[Any]:
    # A type that is not listed is no fault: Anthropic adds new ones all the time.
    source = {"type": "base64", "media_type": "image/png", "data": "aGk="}
    return st.one_of(
        not_of(dict),
        st.just({}),
        not_of(str).map(lambda bad: {"type": bad, "text": "Hi"}),
        not_of(str).map(lambda bad: {"type": "text", "text": bad}),
        not_of(dict).map(lambda bad: {"type": "image", "source": bad}),
        st.sampled_from(sorted(source)).map(
            lambda name: {"type": "image", "source": {key: value for key, value in source.items() if key != name}}
        ),
        not_of(dict).map(lambda bad: {"type": "tool_use", "id": "t1", "name": "tool", "input": bad}),
        st.sampled_from(("text", "image", "tool_use", "tool_result", "thinking")).map(lambda kind: {"type": kind}),
        optional_not_of(str, list).map(lambda bad: {"type": "tool_result", "tool_use_id": "t1", "content": bad}),
    )


def _wrong_values() -> dict[str, SearchStrategy[Any]]:
    """For each field its wrong values."""
    flag = optional_not_of(bool)
    texts = not_of(str)
    objects = optional_not_of(dict)
    return {
        "model": WRONG_MODEL,
        "max_tokens": no_integer(0, None) | st.none(),
        "temperature": outside(0, 1),
        "top_p": outside(0, 1),
        "top_k": no_integer(0, None),
        "stream": flag,
        "stop_sequences": optional_not_of(list) | texts.map(lambda bad: ["a", bad]) | st.just([""]),
        "system": optional_not_of(str, list)
        | not_of(dict).map(lambda bad: [bad])
        | texts.map(lambda bad: [{"type": "text", "text": bad}]),
        "metadata": objects | optional_not_of(str).map(lambda bad: {"user_id": bad}),
        "thinking": objects
        | texts.map(lambda bad: {"type": bad})
        | st.integers(max_value=1023).map(lambda few: {"type": "enabled", "budget_tokens": few})
        | st.integers(min_value=1024).map(lambda many: {"type": "enabled", "budget_tokens": many}),
        "tools": optional_not_of(list)
        | not_of(dict).map(lambda bad: [_TOOL, bad])
        | texts.map(lambda bad: [{**_TOOL, "name": bad}])
        | not_of(dict).map(lambda bad: [{**_TOOL, "input_schema": bad}])
        | st.sampled_from(sorted(_TOOL)).map(lambda name: [{key: _TOOL[key] for key in _TOOL if key != name}]),
        "tool_choice": objects
        | _SHORT.map("no-{}".format).map(lambda bad: {"type": bad})
        | texts.map(lambda bad: {"type": "tool", "name": bad})
        | flag.map(lambda bad: {"type": "auto", "disable_parallel_tool_use": bad}),
        "output_config": objects
        | optional_not_of(str).map(lambda bad: {"effort": bad})
        | not_of(dict).map(lambda bad: {"format": {"type": "json_schema", "schema": bad}}),
    }
