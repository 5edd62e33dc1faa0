"""The client of a gateway under test."""

import json
from typing import Any

import httpx2

from utest.gateway.http_gateway import Gateway


class Client:
    """HTTP client of the gateway; checks every error against OpenAI's shape."""

    def __init__(self, gateway: Gateway) -> None:
        # Loading the authorities' certificates takes 18 ms of computing time, and nothing here speaks TLS.
        self.http = httpx2.Client(base_url=gateway.url, timeout=10, verify=False)
        self.service = gateway.service
        self._gateway = gateway

    def stop(self) -> None:
        """Act like a stop signal."""
        self._gateway.server.should_exit = True

    @property
    def connections(self) -> list[Any]:
        """The open connections of the gateway, of all clients."""
        return list(self._gateway.server.server_state.connections)

    def post(self, body: Any, *, path: str = "/v1/chat/completions", **headers: str) -> httpx2.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"content-type": "application/json"} | {k.replace("_", "-"): v for k, v in headers.items()}
        return self.http.post(path, content=content, headers=headers)

    def chat(self, model: str = "m", **fields: Any) -> httpx2.Response:
        return self.post({"model": model, "messages": [{"role": "user", "content": "hi"}], **fields})

    def events(self, model: str = "m", **fields: Any) -> list[Any]:
        """The data of a stream's events, parsed except `[DONE]`."""
        response = self.chat(model, stream=True, **fields)
        assert response.status_code == 200, response.text
        assert response.headers["content-type"].startswith("text/event-stream")
        events = response.text.split("\n\n")
        assert events.pop() == "", "the stream ends within an event"
        assert all(event.startswith("data: ") for event in events)
        return [event[6:] if event == "data: [DONE]" else json.loads(event[6:]) for event in events]

    @staticmethod
    def error(response: httpx2.Response) -> dict[str, Any]:
        """The error object, checked against the shape that every error must have."""
        assert response.headers["content-type"] == "application/json"
        assert response.headers["x-request-id"]
        error = response.json()["error"]
        assert sorted(error) == ["code", "message", "param", "type"]
        assert len(error["message"]) > 20
        assert error["code"] is None or isinstance(error["code"], str)
        return error
