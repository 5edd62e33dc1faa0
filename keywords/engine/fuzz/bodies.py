"""Bodies that are no JSON object, or one that every server must refuse, for `malformed.py`."""

from __future__ import annotations

import json
import string
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from keywords.engine.fuzz.fields import JSON, PROMPT, UNKNOWN_FIELDS

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from keywords.engine.fuzz.endpoints import Endpoint

_BAD_UTF8 = (
    b"\xff",
    b"\xc3\x28",
    b"\xa0\xa1",
    b"\xed\xa0\x80",
    b"\xc0\xaf",
    b"\xf0\x28\x8c\xbc",
    b"\xf8\x88\x80\x80\x80",
)
_NOT_JSON = ("NaN", "Infinity", "-Infinity", "undefined", "None", "True", "0x10", "01", "+1", ".5", "1.", "'1'", "1 2")
_OVERFLOWS = ("1e999", "1E+9999", "9" * 400, "-" + "9" * 400, "-1e99999")


def broken_bodies(endpoint: Endpoint) -> dict[str, SearchStrategy[bytes]]:
    """Broken bodies by family of faults."""
    body = dump(endpoint.good)
    return {
        "JSON cut off or corrupted": _corrupted(body),
        "invalid UTF-8": _invalid_utf8(body),
        "no JSON value": _with_token(endpoint, _NOT_JSON),
        "number beyond all bounds": _with_token(endpoint, _OVERFLOWS),
        "no object": _no_object(),
        "nested too deep": _nested(endpoint),
        "lone surrogate": _lone_surrogate(endpoint),
        "same key twice": _duplicate_key(endpoint),
    }


def dump(value: object) -> bytes:
    """JSON in ASCII."""
    return json.dumps(value).encode()


def _corrupted(body: bytes) -> SearchStrategy[bytes]:
    position = st.integers(0, len(body) - 1)
    junk = st.binary(min_size=1, max_size=6)
    return st.one_of(
        position.map(lambda at: body[:at]),
        st.builds(lambda at, more: body[:at] + more + body[at:], position, junk),
        st.builds(lambda at, more: body[:at] + more + body[at + len(more) :], position, junk),
        st.builds(lambda at, size: body[:at] + body[at + size :], position, st.integers(1, 12)),
        junk.map(lambda more: body + more),
    ).filter(_is_not_json)


def _is_not_json(body: bytes) -> bool:
    def refuse(constant: str) -> None:
        raise ValueError(constant)

    try:
        json.loads(body.decode("utf-8"), parse_constant=refuse)
    except ValueError:
        return True
    return False


def _invalid_utf8(body: bytes) -> SearchStrategy[bytes]:
    before, after = body.split(PROMPT.encode())
    padding = st.text(string.ascii_letters + "äß漢🙂", max_size=8).map(str.encode)
    return st.builds(
        lambda left, bad, right: before + left + bad + right + after, padding, st.sampled_from(_BAD_UTF8), padding
    )


def _with_token(endpoint: Endpoint, tokens: tuple[str, ...]) -> SearchStrategy[bytes]:
    """A token, unquoted, as the value of a number field."""
    return st.builds(
        lambda token, name, more: json.dumps({**endpoint.good, **more, name: "@"}).replace('"@"', token).encode(),
        st.sampled_from(tokens),
        st.sampled_from(endpoint.numbers),
        UNKNOWN_FIELDS,
    )


def _no_object() -> SearchStrategy[bytes]:
    blank = st.text(" \t\r\n", max_size=20).map(str.encode)
    return st.one_of(blank, JSON.filter(lambda value: not isinstance(value, dict)).map(dump))


def _nested(endpoint: Endpoint) -> SearchStrategy[bytes]:
    depth = st.integers(150, 20_000)
    arrays = depth.map(lambda levels: "[" * levels + "]" * levels)
    objects = depth.map(lambda levels: '{"a":' * levels + "1" + "}" * levels)
    unclosed = depth.map(lambda levels: "[" * levels)
    nest = st.one_of(arrays, objects, unclosed)
    # In the prompt field the type is wrong at any depth, so that a server without a depth limit must refuse it too.
    question = json.dumps({**endpoint.good, endpoint.prompt_field: "@"})
    return st.one_of(unclosed, arrays, nest.map(lambda text: question.replace('"@"', text))).map(str.encode)


def _lone_surrogate(endpoint: Endpoint) -> SearchStrategy[bytes]:
    surrogate = st.characters(categories=["Cs"])
    text = st.builds(lambda left, bad, right: left + bad + right, st.text(max_size=5), surrogate, st.text(max_size=5))
    good = json.dumps(endpoint.good)
    places = st.sampled_from((PROMPT, *endpoint.words))
    return st.builds(lambda place, bad: good.replace(json.dumps(place), json.dumps(bad), 1).encode(), places, text)


def _duplicate_key(endpoint: Endpoint) -> SearchStrategy[bytes]:
    """Bodies with the prompt field twice; both values are wrong, whichever a parser keeps."""
    prompt_field = endpoint.prompt_field.encode()
    return st.builds(
        lambda first, second: b'{"%s": %s, %s' % (prompt_field, dump(first[endpoint.prompt_field]), dump(second)[1:]),
        endpoint.wrong_prompts,
        endpoint.wrong_prompts,
    )
