"""The bounds of JSON schemas before llama.cpp."""

import pytest

from gateway.backends.llamacpp.pattern_cost import pattern_ways
from gateway.backends.llamacpp.schema_cost import MOST_WAYS, check_schemas
from gateway.errors.base import InvalidRequest
from gateway.text.numbers import load


def array(**more):
    return {"type": "array", **more}


def defined(node):
    return {"$ref": "#/$defs/n", "$defs": {"n": node}}


def text(pattern):
    return {"type": "string", "pattern": pattern}


def nested(levels, inner):
    for _ in range(levels):
        inner = array(items=inner)
    return inner


AGAIN = {"$ref": "#/$defs/n"}
DOUBLING = {
    f"d{level}": {"anyOf": [array(items={"$ref": f"#/$defs/d{level + 1}"}, minItems=least) for least in (1, 2)]}
    for level in range(30)
}
# Each cost the real child more than 8 s for a token, or crashes a careless check of it.
COSTLY = {
    "an array of itself in four ways": defined({"anyOf": [array(items=AGAIN, minItems=i) for i in range(4)]}),
    "in four ways by its types": defined(array(items=AGAIN) | {"type": ["array"] * 4}),
    "through another definition": {
        "$ref": "#/$defs/a",
        "$defs": {
            "a": {"oneOf": [{"$ref": "#/$defs/b"}, array(items={"$ref": "#/$defs/a"}, minItems=2)]},
            "b": array(items={"$ref": "#/$defs/a"}),
        },
    },
    "an object of itself in two ways": defined(
        {"anyOf": [{"properties": {"a": AGAIN}, "title": title} for title in "ab"]}
    ),
    "of unknown types": defined({"anyOf": [{"title": "x", "anyOf": [array(items=AGAIN)]}, array(items=AGAIN)]}),
    "definitions that double": {"$ref": "#/$defs/d0", "$defs": DOUBLING},
    "9,000 values": {"enum": list(range(9_000))},
    "values in an item": array(items={"properties": {"a": {"enum": list(range(300))}}}),
    "values in alternatives": {"anyOf": [{"enum": [f"{i} {j}" for j in range(100)]} for i in range(3)]},
    "1,000 optional properties": {"properties": {f"p{i}": {"type": "string"} for i in range(1_000)}},
    "250 alternatives of arrays": {"anyOf": [nested(3, {"type": "integer"}) for _ in range(250)]},
    "ranges of numbers": {"anyOf": [{"type": "integer", "minimum": i} for i in range(256)]},
    "optional characters": text("^" + "[a-z]?" * 32 + "$"),
    "runs side by side": text("^" + "[a-z]*" * 32 + "$"),
    "bounded runs": text("^" + "[a-z]{0,9}" * 32 + "$"),
    "a repeated option": text("^([a-z]?){64}$"),
    "repetitions of repetitions": text("^(([a-zA-Z]{0,8}){0,8}){0,8}$"),
    "groups of letters": text("^([a-zA-Z ]{1,4}){1,16}$"),
    "repeated alternatives": text("^(" + "|".join(["[a-z ]{1,3}"] * 8) + "){1,8}$"),
    "long texts": {"anyOf": [{"type": "string", "maxLength": 1_999} for _ in range(50)]},
    "a long schema": {"const": "y" * 100_000},
    "a deep schema": nested(150, {}),
    "a chain of references": {
        "$ref": "#/$defs/0", "$defs": {str(i): {"$ref": f"#/$defs/{i + 1}"} for i in range(1_500)},
    },
    "a list": [1],
}  # fmt: skip
CHEAP = {
    "true of all": {},
    "a list of itself": defined(
        {"type": "object", "properties": {"v": {}, "next": {"anyOf": [AGAIN, {"type": "null"}]}}, "required": ["v"]}
    ),
    "a tree": defined({"type": "object", "properties": {"kids": array(items=AGAIN), "v": {"type": "integer"}}}),
    "any JSON": defined(
        {"anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": AGAIN}, array(items=AGAIN)]}
    ),
    "a definition wrapped": defined({"type": "object", "properties": {"a": {"allOf": [AGAIN]}}}),
    "many required properties": {
        "properties": {f"p{i}": {"type": "string"} for i in range(1_000)}, "required": [f"p{i}" for i in range(1_000)],
    },
    "a choice of objects": {"anyOf": [{"type": "object", "properties": {"a": {"const": i}}} for i in range(30)]},
    "values": {"enum": list(range(MOST_WAYS))},
    "one of many words": {"anyOf": [{"const": i} for i in range(100)]},
    "a long text": {"type": "string", "minLength": 1, "maxLength": 1_000_000},
    "what llama.cpp refuses": {
        "$ref": "#/none", "type": 5, "enum": 1, "anyOf": 2, "properties": [], "required": [{}], "items": 3,
        "pattern": 4,
    },
    "a path into a list": {"anyOf": [{"type": "string"}, {"$ref": "#/anyOf/0"}, {"$ref": "#/anyOf/9/x"}]},
}  # fmt: skip


@pytest.mark.parametrize("schema", COSTLY.values(), ids=COSTLY)
def test_a_schema_that_llama_cpp_cannot_follow_in_time_is_refused(schema):
    with pytest.raises(InvalidRequest, match="Invalid schema for 'response_format") as refused:
        check_schemas({"response_format.json_schema.schema": schema})
    assert refused.value.code == "invalid_value"


@pytest.mark.parametrize("schema", CHEAP.values(), ids=CHEAP)
def test_an_ordinary_schema_passes(schema):
    check_schemas({"x": schema})


def test_the_schemas_of_a_request_are_bounded_together():
    tools = {f"tools[{i}].function.parameters": {"type": "string", "maxLength": 1_500} for i in range(100)}
    with pytest.raises(InvalidRequest, match="add up to more than"):
        check_schemas(tools)


@pytest.mark.parametrize(
    "pattern",
    [
        r"^\d{4}-\d{2}-\d{2}$", r"^[a-z0-9]+(-[a-z0-9]+)*$", r"^(\d{1,3}\.){3}\d{1,3}$", r"^[^@]+@[^@]+\.[a-z]{2,}$",
        r"^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$", r"^(red|green|blue)$", r"^-?\d+(\.\d{1,2})?$", r"^[A-Z]{1,64}$",
        r"^\(\[\{\*\+\?\)$", r"^[?*+(){}|]{3}$", r"^[]?*]+$", "", "(", ")", "{", "a{", "a{x}", "[", "\\",
    ],
)  # fmt: skip
def test_a_common_pattern_is_cheap(pattern):
    assert pattern_ways(pattern) <= MOST_WAYS


@pytest.mark.parametrize(
    ("pattern", "choices"),
    [("a?", 1), ("a*b+", 2), ("a{3}", 0), ("a{1,9}", 1), ("a{2,}", 1), ("(a|b|c)", 2), ("(ab){3}", 0), ("(a?){3}", 3),
     ("(a{1,9}){2,4}", 4), ("((a?){2}b?){3}", 9), (r"\?[*+]", 0), ("(?:a?)b", 1)],
)  # fmt: skip
def test_choices_are_counted_through_groups(pattern, choices):
    assert pattern_ways(pattern) == 4 * choices**2


def test_a_schema_may_hold_long_integers():
    check_schemas({"response_format.schema": load('{"type": "integer", "maximum": 18446744073709551616}')})
