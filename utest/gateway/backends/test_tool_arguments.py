"""The arguments of earlier tool calls, which a model wrote and no client can change: an object for other formats."""

import pytest

from gateway.backends.tool_arguments import arguments_of
from gateway.errors.base import InvalidRequest
from gateway.text.numbers import dump

AT = "messages[1].tool_calls[0]"


def of(arguments):
    return arguments_of({"type": "function", "function": {"name": "f", "arguments": arguments}}, AT)


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        ('{"a":1}', '{"a":1}'),
        ("", "{}"),
        (" ", "{}"),
        ("null", "{}"),
        ('{"a":123456789012345678901234567890}', '{"a":123456789012345678901234567890}'),
        ('{"a":1e400}', '{"a":"1e400"}'),
        ('{"a":[-1E+999]}', '{"a":["-1E+999"]}'),
        ('{"a":1e400,"b":123456789012345678901234567890}', '{"a":"1e400","b":123456789012345678901234567890}'),
        ('{"a":%s}' % ("1" * 5000), '{"a":"%s"}' % ("1" * 5000)),
        (r'{"a":"\ud83d"}', '{"a":"\ufffd"}'),
        (r'{"\ude00":["\ud83d x"]}', '{"\ufffd":["\ufffd x"]}'),
        (r'{"a":"\ud83d\ude00"}', '{"a":"\U0001f600"}'),
        (r'{"a":1e400,"b":"\ud83d"}', '{"a":"1e400","b":"\ufffd"}'),
    ],
)
def test_what_is_json_is_passed_on(arguments, value):
    assert dump(of(arguments)).decode() == value


@pytest.mark.parametrize("arguments", ["[1", "[1]", '{"a": "b', '{"a":NaN}', '{"a":-Infinity}', "7", '"x"', "x"])
def test_what_is_no_object_is_passed_on_as_text(arguments):
    assert of(arguments) == {"INVALID_JSON": arguments}


@pytest.mark.parametrize("levels", [201, 300, 2000, 200_000])
@pytest.mark.parametrize("inner", ["1", "1e400", '"' + r"\ud83d" + '"'])
def test_what_nests_too_deep_is_refused_with_its_field(levels, inner):
    with pytest.raises(InvalidRequest, match="200 levels") as refusal:
        of('{"a":' * levels + inner + "}" * levels)
    assert refusal.value.param == f"{AT}.function.arguments"
