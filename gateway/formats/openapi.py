"""OpenAPI path items of the endpoints that FastAPI does not handle itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gateway.formats.schema import OpenModel

_REF_PREFIX = "#/components/schemas/"


def path_item(
    request: type[OpenModel], *, answer: str, stream: str | None, error: str, prefix: str = ""
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A path item, and the component schemas that it refers to.

    Args:
        request: the model of a request.
        answer: description of a complete answer.
        stream: description of a stream; None if there is none.
        error: form of an error.
        prefix: prefix of the names of the parts of `request`, against equal names elsewhere.
    """
    name = request.__name__
    schema = request.model_json_schema(ref_template=f"{_REF_PREFIX}{prefix}{{model}}")
    components = {prefix + part: part_schema for part, part_schema in schema.pop("$defs", {}).items()} | {name: schema}
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
                "default": {"description": f"An error: `{error}`."},
            },
        }
    }, components
