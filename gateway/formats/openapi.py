"""The OpenAPI page: errors, and the path items of the endpoints that FastAPI does not handle itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.formats.schema import OpenModel

DESCRIPTION = """HEAD is answered wherever GET is. Where the gateway has keys, addresses below `/v1` need one, in
`Authorization: Bearer` or `x-api-key`. What JSON Schema cannot say of requests: an integer is written without a
fraction (20, not 20.0), a key may not differ from a known one only in case, and some values are bounded by others, as
`n` is by `best_of`, a budget for thoughts by `max_tokens`, and the name of a forced tool by `tools`."""
_REF_PREFIX = "#/components/schemas/"
_TEXT = {"type": "string"}
_TEXT_OR_NULL = {"type": ["string", "null"]}
OPENAI_ERROR = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {"message": _TEXT, "type": _TEXT, "param": _TEXT_OR_NULL, "code": _TEXT_OR_NULL},
            "required": ["message", "type", "param", "code"],
        }
    },
    "required": ["error"],
}
ANTHROPIC_ERROR = {
    "type": "object",
    "properties": {
        "type": {"const": "error"},
        "error": {"type": "object", "properties": {"type": _TEXT, "message": _TEXT}, "required": ["type", "message"]},
        "request_id": _TEXT,
    },
    "required": ["type", "error", "request_id"],
}


def json_response(description: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """A response whose body is JSON."""
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def path_item(
    request: type[OpenModel], *, answer: str, stream: str | None, error: Mapping[str, Any], prefix: str = ""
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A path item, and the component schemas that it refers to.

    Args:
        request: the model of a request.
        answer: description of a complete answer.
        stream: description of a stream; None if there is none.
        error: schema of an error.
        prefix: prefix of the names of the parts of `request`, against equal names elsewhere.
    """
    name = request.__name__
    schema = request.model_json_schema(ref_template=f"{_REF_PREFIX}{prefix}{{model}}")
    components = {prefix + part: part_schema for part, part_schema in schema.pop("$defs", {}).items()} | {name: schema}
    for part_schema in components.values():
        _close_unions(part_schema, components)
    content: dict[str, Any] = {"application/json": {}} | ({"text/event-stream": {}} if stream else {})
    description = f"A {answer}; with `stream: true`, {stream}." if stream else f"A {answer}."
    body = {"content": {"application/json": {"schema": {"$ref": _REF_PREFIX + name}}}}
    return {
        "post": {
            "summary": answer.capitalize(),
            "tags": ["models"],
            "requestBody": {"required": True, **body},
            "responses": {
                "200": {"description": description, "content": content},
                "default": json_response("A refusal or a failure.", error),
            },
        }
    }, components


def _close_unions(schema: Any, components: Mapping[str, Any]) -> None:
    """Restrict the member of each union that takes any `type` to the types that no other member has.

    The models decide by the type which member a value belongs to, which pydantic's schema does not say: a text would
    match two members, and an incomplete one the wrong one.
    """
    if isinstance(schema, list):
        for part in schema:
            _close_unions(part, components)
    if not isinstance(schema, dict):
        return
    for part in schema.values():
        _close_unions(part, components)
    members = schema.get("oneOf", [])
    types = [_types_of(member, components) for member in members]
    known = [name for of_member in types for name in of_member or ()]
    for position, of_member in enumerate(types):
        if of_member == []:
            members[position] = {"allOf": [members[position], {"properties": {"type": {"not": {"enum": known}}}}]}


def _types_of(member: Mapping[str, Any], components: Mapping[str, Any]) -> list[str] | None:
    """The values of `type` that a member of a union has; none if it takes any, None if it is no object with a type."""
    properties = components.get(member.get("$ref", "").removeprefix(_REF_PREFIX), {}).get("properties", {})
    if "type" not in properties:
        return None
    choices = properties["type"].get("anyOf", [properties["type"]])
    return [choice["const"] for choice in choices if "const" in choice]
