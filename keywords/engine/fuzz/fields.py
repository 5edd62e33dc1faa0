"""Chat requests with one wrong field, and strategies that all endpoints share, for `malformed.py`."""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Collection

    from hypothesis.strategies import SearchStrategy

PROMPT = "Say something broken"
"""The user message of the valid request, which contains it once."""
_ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
_SHORT = st.text(max_size=12)

JSON: SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), _SHORT),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_SHORT, inner, max_size=4)),
    max_leaves=6,
)
"""Any JSON value."""

UNKNOWN_FIELDS = st.dictionaries(st.text("abc_", min_size=1, max_size=6).map("x_{}".format), JSON, max_size=3)
"""Unknown fields. Servers allow them, so they make no request right or wrong."""


def good_request(model: str) -> dict[str, Any]:
    """A valid request for a single token."""
    return {"model": model, "messages": [{"role": "user", "content": PROMPT}], "max_tokens": 1}


def broken_field(good: dict[str, Any]) -> SearchStrategy[dict[str, Any]]:
    """The valid request with one optional field of the wrong type or out of bounds."""
    bad_values = _bad_values()

    def broken(name: str) -> SearchStrategy[dict[str, Any]]:
        values, also = bad_values[name]
        return values.map(lambda value: {**good, **also, name: value})

    return st.sampled_from(sorted(bad_values)).flatmap(broken)


def absent_field(good: dict[str, Any], *required: str) -> SearchStrategy[dict[str, Any]]:
    """The valid request with its model or another required field missing, null or empty."""
    field = st.sampled_from(("model", *required))
    without = field.map(lambda name: {key: value for key, value in good.items() if key != name})
    nothing: SearchStrategy[Any] = st.sampled_from((None, "", [], {}))
    broken = st.one_of(without, st.builds(lambda name, value: {**good, name: value}, field, nothing))
    return st.builds(lambda request, more: {**more, **request}, broken, UNKNOWN_FIELDS)


def broken_messages(good: dict[str, Any]) -> SearchStrategy[dict[str, Any]]:
    """The valid request with messages of the wrong type, or with one wrong message."""
    return among_good(good, _bad_message())


def among_good(good: dict[str, Any], wrong: SearchStrategy[Any]) -> SearchStrategy[dict[str, Any]]:
    """The valid request with messages of the wrong type, or with one `wrong` message among valid ones."""
    right = copy.copy(good["messages"][0])
    among = st.builds(
        lambda before, message, after: [right] * before + [message] + [right] * after,
        st.integers(0, 3),
        wrong,
        st.integers(0, 3),
    )
    return st.one_of(among, not_of(list)).map(lambda messages: {**good, "messages": messages})


def bad_frame(roles: Collection[str], role: SearchStrategy[str]) -> SearchStrategy[Any]:
    """A value that is no message, or a message with a wrong role or content.

    Args:
        roles: all valid roles.
        role: valid roles for messages with a wrong content.
    """
    return st.one_of(
        not_of(dict),
        st.just({}),
        st.just({"content": "Hi"}),
        not_of(str).map(lambda bad: {"role": bad, "content": "Hi"}),
        _SHORT.filter(lambda text: text not in roles).map(lambda bad: {"role": bad, "content": "Hi"}),
        role.map(lambda known: {"role": known}),
        st.builds(lambda known, bad: {"role": known, "content": bad}, role, not_of(str, list)),
    )


def _bad_message() -> SearchStrategy[Any]:
    role = st.sampled_from(("system", "user"))
    return st.one_of(
        bad_frame(_ROLES, role),
        st.builds(lambda known, bad: {"role": known, "content": [bad]}, role, _bad_part()),
        st.just({"role": "tool", "content": "42"}),
        optional_not_of(str).map(lambda bad: {"role": "user", "content": "Hi", "name": bad}),
        _bad_tool_calls().map(lambda bad: {"role": "assistant", "content": None, "tool_calls": bad}),
    )


def _bad_part() -> SearchStrategy[Any]:
    # An unlisted type is no fault: servers add types, such as `video_url`.
    return st.one_of(
        not_of(dict),
        st.just({}),
        not_of(str).map(lambda bad: {"type": bad, "text": "Hi"}),
        st.just({"type": "text"}),
        not_of(str).map(lambda bad: {"type": "text", "text": bad}),
        st.just({"type": "image_url"}),
        not_of(dict).map(lambda bad: {"type": "image_url", "image_url": bad}),
        not_of(str).map(lambda bad: {"type": "image_url", "image_url": {"url": bad}}),
    )


def _bad_tool_calls() -> SearchStrategy[Any]:
    return st.one_of(
        optional_not_of(list),
        st.lists(not_of(dict), min_size=1, max_size=3),
        _bad_function({"arguments": "{}"}).map(lambda bad: [{"id": "call_1", "type": "function", "function": bad}]),
    )


def _bad_function(rest: dict[str, Any]) -> SearchStrategy[Any]:
    """A function of the wrong type, or without a valid name."""
    return st.one_of(not_of(dict), st.just(rest), not_of(str).map(lambda bad: {**rest, "name": bad}))


def _bad_values() -> dict[str, tuple[SearchStrategy[Any], dict[str, Any]]]:
    """For each optional field, its wrong values and the other fields that it depends on."""
    no_other_fields: dict[str, Any] = {}
    streaming = {"stream": True}
    return {
        "model": (WRONG_MODEL, no_other_fields),
        "temperature": (outside(0, 2), no_other_fields),
        "top_p": (outside(0, 1), no_other_fields),
        "presence_penalty": (outside(-2, 2), no_other_fields),
        "frequency_penalty": (outside(-2, 2), no_other_fields),
        "n": (no_integer(1, 128), no_other_fields),
        "top_logprobs": (no_integer(0, 20), {"logprobs": True}),
        "max_tokens": (no_integer(0, None), no_other_fields),
        "max_completion_tokens": (no_integer(0, None), no_other_fields),
        "seed": (no_integer(-(2**63), 2**63 - 1), no_other_fields),
        "stream": (optional_not_of(bool), no_other_fields),
        "logprobs": (optional_not_of(bool), no_other_fields),
        "stop": (
            st.one_of(
                optional_not_of(str, list),
                st.lists(not_of(str), min_size=1, max_size=4),
                st.lists(st.text(min_size=1, max_size=4), min_size=5, max_size=9),
            ),
            no_other_fields,
        ),
        "stream_options": (
            optional_not_of(dict) | optional_not_of(bool).map(lambda bad: {"include_usage": bad}),
            streaming,
        ),
        "response_format": (
            optional_not_of(dict)
            | not_of(str).map(lambda bad: {"type": bad})
            | not_of(dict).map(lambda bad: {"type": "json_schema", "json_schema": bad}),
            no_other_fields,
        ),
        "tools": (
            optional_not_of(list)
            | st.lists(not_of(dict), min_size=1, max_size=3)
            | st.just([{"type": "function"}])
            | _bad_function({"parameters": {}}).map(lambda bad: [{"type": "function", "function": bad}])
            | st.integers(129, 140).map(lambda many: [_tool(number) for number in range(many)]),
            no_other_fields,
        ),
        "tool_choice": (
            optional_not_of(str, dict) | _SHORT.map("no-{}".format) | st.just({"type": "function"}),
            {"tools": [_tool(0)]},
        ),
        "logit_bias": (optional_not_of(dict) | not_of(int, float).map(lambda bad: {"42": bad}), no_other_fields),
        "user": (optional_not_of(str), no_other_fields),
        "metadata": (optional_not_of(dict), no_other_fields),
    }


def _tool(number: int) -> dict[str, Any]:
    parameters = {"type": "object", "properties": {}}
    return {"type": "function", "function": {"name": f"tool_{number}", "parameters": parameters}}


def not_of(*types: type) -> SearchStrategy[Any]:
    """Any JSON value but these types; `true` is no number here, unlike in Python."""
    return JSON.filter(lambda value: type(value) not in types)


def optional_not_of(*types: type) -> SearchStrategy[Any]:
    """Any JSON value but these types and null, for a field that may be null."""
    return not_of(*types, type(None))


def outside(low: float, high: float) -> SearchStrategy[Any]:
    """Any value but a number within the bounds."""
    return st.one_of(
        optional_not_of(int, float),
        st.floats(max_value=low, exclude_max=True, allow_nan=False, allow_infinity=False),
        st.floats(min_value=high, exclude_min=True, allow_nan=False, allow_infinity=False),
        st.integers(min_value=math.floor(high) + 1),
        st.integers(max_value=math.ceil(low) - 1),
    )


def no_integer(low: int, high: int | None) -> SearchStrategy[Any]:
    """Any value but an integer within the bounds; `3.0` is left out, since JSON does not distinguish it from 3."""
    fractions = st.floats(-1e6, 1e6).filter(lambda value: not value.is_integer())
    wrong = [optional_not_of(int, float), fractions, st.integers(max_value=low - 1)]
    if high is not None:
        wrong.append(st.integers(min_value=high + 1))
    return st.one_of(wrong)


WRONG_MODEL = st.text(min_size=1, max_size=30).map("no-such-{}".format) | not_of(str)
"""Models that no server has."""
