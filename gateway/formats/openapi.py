"""The endpoints that FastAPI does not handle itself, as its OpenAPI page tells of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gateway.formats.schema import Open

_PLACE = "#/components/schemas/"


def path_item(
    request: type[Open], *, answer: str, stream: str | None, error: str, prefix: str = ""
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A path item, and the component schemas that it refers to.

    Args:
        request: the bounds of a request.
        answer: what a whole answer is.
        stream: what a stream consists of; None if there is none.
        error: the shape of an error.
        prefix: of the names of the parts of `request`, where others have parts of the same name.
    """
    name = request.__name__
    schema = request.model_json_schema(ref_template=f"{_PLACE}{prefix}{{model}}")
    components = {prefix + part: its for part, its in schema.pop("$defs", {}).items()} | {name: schema}
    content: dict[str, Any] = {"application/json": {}} | ({"text/event-stream": {}} if stream else {})
    described = f"A {answer}; with `stream: true`, {stream}." if stream else f"A {answer}."
    body = {"content": {"application/json": {"schema": {"$ref": _PLACE + name}}}}
    return {
        "post": {
            "summary": answer.capitalize(),
            "tags": ["models"],
            "requestBody": {"required": True, **body},
            "responses": {
                "200": {"description": described, "content": content},
                "default": {"description": f"An error: `{error}`."},
            },
        }
    }, components
