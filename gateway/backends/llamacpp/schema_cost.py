"""Bounds for JSON schemas, of which llama.cpp makes grammars.

For each token of an answer llama.cpp tests its candidates against all ways in which the grammar can go on, in the loop
that serves every request. A schema of one kilobyte can have billions of ways: definitions that contain themselves in
several alternatives, optional parts of a pattern, long lists of values.

Measured with xllamacpp 2026.10, SmolLM2-135M (49,152 tokens) and one core that is shared with others: 256 values or
optional properties cost 0.02 s per token and 0.4 s at the start, and 64 alternatives of arrays 0.13 s per token; 250 of
these cost 8 s, and a pattern with 32 optional runs of letters more than 20 s. OpenAI allows 1,000 values and 5,000
properties (platform.openai.com/docs/guides/structured-outputs).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.backends.llamacpp.pattern_cost import pattern_ways
from gateway.errors.base import InvalidRequest
from gateway.text.numbers import dump

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MOST_WAYS = 256
"""The ways in which an answer may go on at one place."""
MOST_BYTES = 65_536
"""All schemas of a request as JSON."""
MOST_REPETITIONS = 50_000
"""The sum of all `minLength`, `maxLength`, `minItems` and `maxItems`; each repetition is an element of the grammar."""
_DEEPEST = 100
# The digits of a range of numbers, and the blanks and brackets of an object or array, are choices too.
_RANGE_WAYS = 16
_STRUCTURE_WAYS = 4
# llama.cpp refuses a lower bound above this, and takes a larger upper bound for none.
_LONGEST_REPETITION = 2000
_REPETITIONS = ("minLength", "maxLength", "minItems", "maxItems")
_RANGES = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_SCALARS = frozenset({"string", "number", "integer", "boolean", "null"})

Refs = frozenset[str]
_NONE: Refs = frozenset()


def check_schemas(schemas: Mapping[str, Any]) -> None:
    """Check that llama.cpp can follow the schemas in bounded time and memory.

    Args:
        schemas: by the paths of their fields in the request.

    Raises:
        InvalidRequest: it cannot, or a schema is no object.
    """
    size = 0
    for param, schema in schemas.items():
        if not isinstance(schema, dict):
            raise _refused(param, "expected a JSON schema, which is an object")
        size += len(dump(schema))
        if size > MOST_BYTES:
            raise _refused(param, f"the request's JSON schemas are longer than {MOST_BYTES} bytes. Send smaller ones")
    repetitions = 0
    for param, schema in schemas.items():
        measure = _Measure(schema, param)
        ways, _ = measure.ways(schema, 0)
        if ways > MOST_WAYS:
            raise _refused(
                param,
                f"at one place the answer could go on in {ways} ways, and this model's backend tests up to {MOST_WAYS} "
                "for each token. Send fewer values, optional properties, alternatives, or repetitions in patterns",
            )
        repetitions += measure.repetitions
        if repetitions > MOST_REPETITIONS:
            raise _refused(
                param,
                f"its lengths and numbers of items add up to more than {MOST_REPETITIONS}. "
                "Lower them, or leave them out",
            )


class _Measure:
    """Measures one schema.

    Args:
        root: the schema; its definitions are found by their paths.
        param: the path of its field.

    Attributes:
        repetitions: the sum of the repetitions found so far.
    """

    def __init__(self, root: dict[str, Any], param: str) -> None:
        self.repetitions = 0
        self._root = root
        self._param = param
        self._open: set[str] = set()
        self._known: dict[str, tuple[int, Refs]] = {}

    def ways(self, schema: Any, depth: int) -> tuple[int, Refs]:
        """Bound the ways in which a value of `schema` may go on at one place.

        Args:
            schema: a part of the schema.
            depth: how deep it is nested, references included.

        Returns:
            The ways, and the references to definitions around the part.

        Raises:
            InvalidRequest: the schema nests too deep, or several alternatives of one type contain a definition around
                them: each level of the answer would multiply the ways.
        """
        if not isinstance(schema, dict):
            return 1, _NONE
        if depth > _DEEPEST:
            raise _refused(
                self._param, f"it nests deeper than {_DEEPEST} levels, references included. Send a flatter one"
            )
        reference = schema.get("$ref")
        if isinstance(reference, str):
            return self._definition(reference, depth)
        types = schema.get("type")
        if isinstance(types, list):
            # llama.cpp makes an alternative of each.
            return self._alternatives([{**schema, "type": kind} for kind in types], depth)
        self._count_repetitions(schema)
        found = [self._own_ways(schema), self._members(schema, depth)]
        found += [
            self._alternatives(schema[name], depth)
            for name in ("anyOf", "oneOf", "allOf")
            if isinstance(schema.get(name), list)
        ]
        return _sum(found)

    def _own_ways(self, schema: dict[str, Any]) -> tuple[int, Refs]:
        """The ways of a value without parts."""
        values, pattern = schema.get("enum"), schema.get("pattern")
        ways = len(values) if isinstance(values, list) else 0
        if isinstance(pattern, str):
            ways += pattern_ways(pattern)
        if any(name in schema for name in _RANGES):
            ways += _RANGE_WAYS
        return ways, _NONE

    def _members(self, schema: dict[str, Any], depth: int) -> tuple[int, Refs]:
        """The ways of an object or array: its parts come one after the other, in their order."""
        parts: list[Any] = []
        optional = 0
        properties, required = schema.get("properties"), schema.get("required")
        if isinstance(properties, dict):
            parts += properties.values()
            optional = len(properties.keys() - set(filter(_is_text, required if isinstance(required, list) else ())))
        for name in ("items", "prefixItems", "additionalProperties"):
            part = schema.get(name)
            parts += part if isinstance(part, list) else [part]
        found = [self.ways(part, depth + 1) for part in parts if isinstance(part, dict)]
        return max((ways for ways, _ in found), default=0) + optional, _union(found)

    def _alternatives(self, members: list[Any], depth: int) -> tuple[int, Refs]:
        found = [self.ways(member, depth + 1) for member in members]
        kinds = [kind for kind in map(self._kind, members) if kind not in _SCALARS]
        ways, references = _sum(found)
        ways = max(ways, _STRUCTURE_WAYS * len(kinds))
        alike = len(set(kinds)) < len(kinds) or (len(kinds) > 1 and "" in kinds)
        if alike and references & self._open:
            raise _refused(
                self._param,
                "several alternatives of one type contain a definition around them, so the ways in which the answer "
                "could go on multiply with each level. Leave one of them, or give each another type",
            )
        return ways, references

    def _kind(self, schema: Any) -> str:
        """The type of a member; empty if there is not exactly one."""
        for _ in range(_DEEPEST):
            if not (isinstance(schema, dict) and isinstance(schema.get("$ref"), str)):
                break
            schema = self._find(schema["$ref"])
        if not isinstance(schema, dict):
            return ""
        if "const" in schema or "enum" in schema:
            return "string"
        kind = schema.get("type", "object" if "properties" in schema else "")
        return kind if isinstance(kind, str) else ""

    def _definition(self, reference: str, depth: int) -> tuple[int, Refs]:
        if reference in self._open:
            return 1, frozenset({reference})
        if reference not in self._known:
            self._open.add(reference)
            ways, references = self.ways(self._find(reference), depth + 1)
            self._open.discard(reference)
            self._known[reference] = ways, references - {reference}
        return self._known[reference]

    def _find(self, reference: str) -> Any:
        """The part of the schema at a path such as `#/$defs/name`; None if there is none, which llama.cpp refuses."""
        part: Any = self._root
        for name in reference.removeprefix("#/").split("/"):
            if isinstance(part, list):
                part = part[int(name)] if name.isdecimal() and int(name) < len(part) else None
            else:
                part = part.get(name) if isinstance(part, dict) else None
        return part

    def _count_repetitions(self, schema: dict[str, Any]) -> None:
        for name in _REPETITIONS:
            count = schema.get(name)
            if isinstance(count, int):
                self.repetitions += max(0, min(count, _LONGEST_REPETITION))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _sum(found: Iterable[tuple[int, Refs]]) -> tuple[int, Refs]:
    found = list(found)
    return max(1, sum(ways for ways, _ in found)), _union(found)


def _union(found: Iterable[tuple[int, Refs]]) -> Refs:
    return frozenset().union(*(references for _, references in found))


def _refused(param: str, why: str) -> InvalidRequest:
    return InvalidRequest(f"Invalid schema for '{param}': {why}.", param=param, code="invalid_value")
