"""OpenAI's HTTP API over an engine, with the standard library alone."""

from __future__ import annotations

import json
import time
import uuid
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

from ops.transformers_server.engine import END, Request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.transformers_server.engine import Engine
    from ops.transformers_server.models import Loaded

DEFAULT_TOKENS: Final = 128
_BODY_MAX: Final = 4 << 20


class BadRequestError(Exception):
    """A request that cannot be answered; the message names the field and the remedy."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Server(ThreadingHTTPServer):
    """Answers clients, a thread for each connection.

    Args:
        address: host and port; port 0 takes a free one.
        loaded: the model.
        engine: that makes the answers.
    """

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], loaded: Loaded, engine: Engine) -> None:
        super().__init__(address, Handler)
        self.loaded = loaded
        self.engine = engine


class Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    # Without it, a chunk of a stream waits for the acknowledgement of the one before.
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:  # the library's name
        """Tell health, or the models."""
        loaded, engine = self.server.loaded, self.server.engine
        if self.path == "/health":
            working, waiting = engine.load
            self._answer(HTTPStatus.OK, {"status": "ok", "model": loaded.id, "working": working, "waiting": waiting})
        elif self.path == "/v1/models":
            model = {"id": loaded.id, "object": "model", "created": 0, "owned_by": "transformers"}
            self._answer(HTTPStatus.OK, {"object": "list", "data": [model]})
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "", f"{self.path} is not here; use /v1/chat/completions")

    def do_POST(self) -> None:  # as above
        """Answer a chat request."""
        size = int(self.headers.get("content-length") or 0)
        if size > _BODY_MAX:
            self.close_connection = True
            self._refuse(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "", f"the body has {size} bytes; {_BODY_MAX} are the most"
            )
            return
        data = self.rfile.read(size)
        if self.path != "/v1/chat/completions":
            self._refuse(HTTPStatus.NOT_FOUND, "", f"{self.path} is not here; use /v1/chat/completions")
            return
        try:
            body = _parse(data)
            request = self._request(body)
        except BadRequestError as error:
            self._refuse(HTTPStatus.BAD_REQUEST, error.field, str(error))
            return
        self.server.engine.submit(request)
        try:
            if body.get("stream"):
                self._stream(request, usage=bool((body.get("stream_options") or {}).get("include_usage")))
            else:
                self._complete(request)
        except OSError:
            self.close_connection = True
        finally:
            request.cancelled = True

    def log_message(self, *_: Any) -> None:
        """Log nothing; the gateway in front does."""

    def _request(self, body: dict[str, Any]) -> Request:
        messages = body.get("messages")
        if not isinstance(messages, list) or not messages or not all(isinstance(each, dict) for each in messages):
            raise BadRequestError("messages", "messages must be a list of messages that is not empty")
        prompt = self.server.loaded.tokenizer.encode_chat(messages)
        most = self.server.engine.length
        if len(prompt) >= most:
            raise BadRequestError("messages", f"the prompt has {len(prompt)} tokens; shorten it below {most}")
        tokens = body.get("max_completion_tokens") or body.get("max_tokens") or DEFAULT_TOKENS
        if type(tokens) is not int or tokens < 1:
            raise BadRequestError("max_tokens", f"max_tokens is {tokens!r}; give a whole number from 1 on")
        temperature, top_p = body.get("temperature") or 0.0, body.get("top_p") or 1.0
        for name, value in (("temperature", temperature), ("top_p", top_p)):
            if not isinstance(value, int | float) or value < 0:
                raise BadRequestError(name, f"{name} is {value!r}; give a number from 0 on")
        return Request(prompt, tokens, float(temperature), float(top_p), body.get("seed"))

    def _complete(self, request: Request) -> None:
        ids = list(_tokens(request))
        text = self.server.loaded.tokenizer.decode(ids)
        if request.finish_reason == "error":
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, "", "the engine has stopped")
            return
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": request.finish_reason}
        self._answer(HTTPStatus.OK, {**self._head("chat.completion"), "choices": [choice], "usage": _usage(request)})

    def _stream(self, request: Request, *, usage: bool) -> None:
        """Each token as an event with the text that it adds; a text whose last character is not whole waits."""
        self.send_response(HTTPStatus.OK)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        head = self._head("chat.completion.chunk")
        self._event({**head, "choices": [_delta({"role": "assistant", "content": ""})]})
        ids: list[int] = []
        shown = ""
        for token in _tokens(request):
            ids.append(token)
            text = self.server.loaded.tokenizer.decode(ids)
            if text.endswith("\ufffd"):
                continue
            added, shown = text[len(shown) :], text
            if added:
                self._event({**head, "choices": [_delta({"content": added})]})
        if request.finish_reason == "error":
            self._event(
                {"error": {"message": "the engine has stopped", "type": "server_error", "param": None, "code": None}}
            )
        else:
            self._event({**head, "choices": [_delta({}, request.finish_reason)]})
            if usage:
                self._event({**head, "choices": [], "usage": _usage(request)})
        self._chunk(b"data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def _head(self, kind: str) -> dict[str, Any]:
        return {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "object": kind,
            "created": int(time.time()),
            "model": self.server.loaded.id,
        }

    def _event(self, event: dict[str, Any]) -> None:
        self._chunk(b"data: " + json.dumps(event).encode() + b"\n\n")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def _answer(self, status: HTTPStatus, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _refuse(self, status: HTTPStatus, field: str, message: str) -> None:
        kind = "invalid_request_error" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "server_error"
        self._answer(status, {"error": {"message": message, "type": kind, "param": field or None, "code": None}})


def _parse(data: bytes) -> dict[str, Any]:
    try:
        body = json.loads(data)
    except ValueError as error:
        raise BadRequestError("", f"the body is no JSON ({error}); send an object") from None
    if not isinstance(body, dict):
        raise BadRequestError("", "the body must be a JSON object")
    return body


def _tokens(request: Request) -> Iterator[int]:
    while (token := request.tokens.get()) is not END:
        yield token


def _usage(request: Request) -> dict[str, int]:
    prompt, answer = len(request.prompt), len(request.answer)
    return {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}


def _delta(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": finish}
