"""The OpenAPI page says what the gateway does."""

import httpx2
import pytest

from gateway.formats.openai.chat import ChatRequest
from gateway.formats.openapi import ANTHROPIC_ERROR, OPENAI_ERROR, path_item

ENDPOINTS = {
    "/v1/chat/completions": OPENAI_ERROR,
    "/v1/completions": OPENAI_ERROR,
    "/v1/embeddings": OPENAI_ERROR,
    "/v1/messages": ANTHROPIC_ERROR,
    "/v1/messages/count_tokens": ANTHROPIC_ERROR,
}


@pytest.fixture(scope="module")
def document(_gateway):
    with httpx2.Client(base_url=_gateway.url) as http:
        return http.get("/openapi.json").json()


@pytest.mark.parametrize(
    "path",
    ["/health", "/health/live", "/health/ready", "/v1/models", "/v1/models/m", "/v1/models/nope", "/metrics"],
)
def test_a_page_answers_as_documented(client, document, path):
    operation = document["paths"].get(path) or document["paths"]["/v1/models/{model}"]
    response = client.http.get(path)
    documented = operation["get"]["responses"][str(response.status_code)]
    assert response.headers["content-type"].partition(";")[0] in documented["content"]


@pytest.mark.parametrize(("path", "error"), ENDPOINTS.items())
def test_a_refusal_has_the_documented_form(client, document, path, error):
    documented = document["paths"][path]["post"]["responses"]["default"]["content"]["application/json"]["schema"]
    assert documented == error
    response = client.post({}, path=path)
    assert response.status_code == 400
    assert sorted(response.json()) == sorted(error["required"])
    assert sorted(response.json()["error"]) == sorted(error["properties"]["error"]["required"])


def test_nothing_answers_as_fastapi_alone_would(document):
    statuses = {
        status
        for item in document["paths"].values()
        for operation in item.values()
        for status in operation["responses"]
    }
    assert statuses == {"200", "404", "503", "default"}
    assert not {"HTTPValidationError", "ValidationError"} & document["components"]["schemas"].keys()


def members(schema):
    """The members of all unions in a schema."""
    if isinstance(schema, list):
        return [member for part in schema for member in members(part)]
    if not isinstance(schema, dict):
        return []
    return [*schema.get("oneOf", ()), *members(list(schema.values()))]


@pytest.mark.parametrize(
    ("model", "field", "other", "types"),
    [
        ("Message", "content", "OtherPart", ["text", "refusal", "image_url", "input_audio", "file"]),
        ("Message", "tool_calls", "OtherCall", ["function", "custom"]),
        ("ChatRequest", "tools", "OtherTool", ["function", "custom"]),
        ("ChatRequest", "tool_choice", "OtherChoice", ["function", "custom", "allowed_tools"]),
        ("ChatRequest", "response_format", "OtherFormat", ["json_schema"]),
        ("MessagesRequest", "tools", "Messages.ServerTool", ["custom"]),
        ("MessagesRequest", "tool_choice", "Messages.OtherChoice", ["tool"]),
        ("MessagesRequest", "thinking", "Messages.OtherThinking", ["enabled"]),
        ("Messages.ImageBlock", "source", "Messages.OtherSource", ["base64", "url"]),
        ("Messages.ToolResultBlock", "content", "Messages.OtherBlock", ["text", "image"]),
    ],
)
def test_a_value_belongs_to_the_member_of_a_union_that_has_its_type(document, model, field, other, types):
    property_schema = document["components"]["schemas"][model]["properties"][field]
    (open_member,) = [member for member in members(property_schema) if "allOf" in member]
    reference, restriction = open_member["allOf"]
    assert reference == {"$ref": f"#/components/schemas/{other}"}
    assert restriction == {"properties": {"type": {"not": {"enum": types}}}}


def test_the_members_without_a_type_are_left_alone(document):
    prompt = document["components"]["schemas"]["CompletionRequest"]["properties"]["prompt"]
    assert [member.get("type") for member in members(prompt)] == ["string", "array", "array", "array"]


def test_a_page_can_be_made_twice():
    made = [path_item(ChatRequest, answer="a", stream=None, error=OPENAI_ERROR) for _ in range(2)]
    assert made[0] == made[1]
