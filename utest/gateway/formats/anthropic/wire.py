"""Requests of the tests to `POST /v1/messages`, and checks of their streams and errors."""

import json

REQUEST = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}


def post(client, fields=None, path="/v1/messages", **headers):
    content = fields if isinstance(fields, bytes) else json.dumps({**REQUEST, **(fields or {})}).encode()
    headers = {"content-type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return client.http.post(path, content=content, headers=headers)


def error(response):
    """The status and the type of an error, after a check of its form."""
    body = response.json()
    assert sorted(body) == ["error", "request_id", "type"]
    assert (body["type"], sorted(body["error"])) == ("error", ["message", "type"])
    assert body["request_id"] == response.headers["request-id"] == response.headers["x-request-id"]
    assert response.headers["content-type"] == "application/json"
    assert len(body["error"]["message"]) > 20
    return response.status_code, body["error"]["type"]


def events(response):
    """The data of a stream's events, after a check of their form."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/event-stream")
    *whole, rest = response.text.split("\n\n")
    assert rest == "", "the stream ends within an event"
    parsed = []
    for event in whole:
        name, data = event.split("\n")
        parsed.append(json.loads(data.removeprefix("data: ")))
        assert name == f"event: {parsed[-1]['type']}"
    return parsed


def kinds(parsed):
    return [event["type"] for event in parsed]
