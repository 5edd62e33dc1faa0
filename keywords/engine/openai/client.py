"""Chat client that records bytes, times and failures."""

from __future__ import annotations

import json
import threading
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx2

from keywords.engine.http.patience import LONGEST_S, Patience, requests_at_once
from keywords.engine.http.probe import is_encrypted
from keywords.engine.http.recorder import RecordingTransport, recorded
from keywords.engine.openai.answer import (
    Answer,
    AnswerBrokeOff,
    GatewayRefused,
    NotAnAnswer,
    raise_unless_ok,
    read_answer,
    read_object,
)
from keywords.engine.openai.conformance import model_list_defects
from keywords.engine.openai.stream import StreamAssembly, StreamedAnswer
from keywords.engine.openai.together import at_once

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from keywords.engine.http.exchange import Chunk, Exchange, Observer

__all__ = ["Answer", "AnswerBrokeOff", "ChatClient", "GatewayRefused", "NotAnAnswer", "RunningStream", "StreamedAnswer"]

CHAT = "/v1/chat/completions"
JSON = {"content-type": "application/json"}
CONNECT_S = 10.0
KEEP_IDLE_S = 1.0  # servers close idle connections after five seconds; never reuse one that is about to close

Messages = str | list[dict[str, Any]]
"""One user message, or a conversation."""


class ChatClient:
    """Client of one server's OpenAI chat API; safe to share between threads.

    It reuses connections, ignores the environment's proxy, follows no redirect, and retries nothing.

    Attributes:
        model: the default model id.
        patience: the limits of its answers; `longest_s` is the longest time of any, in seconds.

    Args:
        base_url: address of the server, with or without a closing `/v1`.
        api_key: sent as bearer token; None for a server without keys.
        model: default model id.
        observe: called with each exchange as it begins, in the thread that makes it.
        timeout_s: longest silence, and longest time of a whole answer; less where a request asks for few tokens.
        patience: multiplies all these times.
        transport: the transport that sends; TCP if left out.
    """

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None,
        model: str,
        observe: Observer | None = None,
        timeout_s: float = LONGEST_S,
        patience: float = 1.0,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/").removesuffix("/v1").rstrip("/")
        self.model = model
        self.patience = Patience(timeout_s, patience)
        self.longest_s = timeout_s * patience
        self._authorization = {"authorization": f"Bearer {api_key}"} if api_key else {}
        if transport is None:
            limits = httpx2.Limits(max_connections=None, max_keepalive_connections=64, keepalive_expiry=KEEP_IDLE_S)
            # A transport takes certificates from the environment (`SSL_CERT_FILE`), and no proxy.
            transport = httpx2.HTTPTransport(verify=is_encrypted(base_url), trust_env=True, limits=limits)
        self._http = httpx2.Client(
            transport=RecordingTransport(transport, observe, self.patience),
            # Uncompressed, so that each recorded read has the bytes that the gateway wrote then.
            headers={"accept": "*/*", "accept-encoding": "identity", "user-agent": "llm-gateway-qa"},
            timeout=httpx2.Timeout(self.longest_s, connect=CONNECT_S),
            trust_env=False,
            follow_redirects=False,
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def ask(self, messages: Messages, *, headers: Mapping[str, str] | None = None, **params: Any) -> Answer:
        """Request a chat completion without a stream.

        Args:
            messages: the text of one user message, or the whole conversation.
            headers: further headers.
            params: further fields of the request; None leaves a field out. `system` puts a system message first.

        Raises:
            GatewayRefused: the gateway answered with an error.
            AnswerBrokeOff: no answer came, or not all of it.
            NotAnAnswer: the body is not a chat completion.
        """
        return self._ask(messages, headers or {}, 1, params)

    def _ask(self, messages: Messages, headers: Mapping[str, str], beside: int, params: Mapping[str, Any]) -> Answer:
        body = json.dumps(self.request(messages, **params)).encode()
        all_headers = httpx2.Headers({**self._authorization, **JSON, **headers})
        return read_answer(self._exchange("POST", CHAT, body, all_headers, at_once=beside))

    def ask_together(
        self, prompts: Sequence[str], *, headers: Sequence[Mapping[str, str]] | None = None, **params: Any
    ) -> list[Answer]:
        """Send all prompts at once, each on its own connection; return the answers in the order of the prompts.

        Args:
            prompts: one user message for each request.
            headers: further headers, one set for each prompt.
            params: as for `ask`, the same for all.

        Raises:
            NoUsableAnswer: see `ask`; of the first prompt that failed, once all have ended.
        """
        pairs = zip(prompts, headers or [{}] * len(prompts), strict=True)
        return at_once([partial(self._ask, prompt, own, len(prompts), params) for prompt, own in pairs])

    def stream(self, messages: Messages, *, include_usage: bool = False, **params: Any) -> StreamedAnswer:
        """Request a stream and read it to its end; a stream that breaks off is returned with its `failure`.

        Args:
            messages: as for `ask`.
            include_usage: request the usage (`stream_options.include_usage`).
            params: as for `ask`.

        Raises:
            GatewayRefused: the gateway answered with an error status.
            AnswerBrokeOff: no status came.
        """
        return self._stream(self._stream_body(messages, include_usage=include_usage, **params), lambda: None)

    def stream_together(self, prompts: Sequence[str], **params: Any) -> list[StreamedAnswer]:
        """Request a stream for each prompt at once, as `stream` does, and read all to their ends.

        Raises:
            NoUsableAnswer: see `stream`; of the first prompt that failed, once all have ended.
        """
        bodies = [self._stream_body(prompt, **params) for prompt in prompts]
        return at_once([partial(self._stream, body, lambda: None, beside=len(bodies)) for body in bodies])

    def start_stream(self, messages: Messages, **params: Any) -> RunningStream:
        """Start a stream in a thread and return at its first text or its end.

        Raises:
            GatewayRefused: the gateway answered with an error status.
            AnswerBrokeOff: no status came.
        """
        body = self._stream_body(messages, **params)
        running = RunningStream(lambda on_content: self._stream(body, on_content))
        running.wait_for_content()
        return running

    def models(self) -> list[dict[str, Any]]:
        """The models that the server lists.

        Raises:
            GatewayRefused: the gateway answered with an error.
            AnswerBrokeOff: no answer came, or not all of it.
            NotAnAnswer: the body is not OpenAI's list of models.
        """
        exchange = self.send("GET", "/v1/models")
        body = read_object(exchange, "a list of models")
        if defects := model_list_defects(body):
            raise NotAnAnswer(exchange, f"a list of models ({'; '.join(defects)})")
        return list(body["data"])

    def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        anonymous: bool = False,
        at_once: int = 1,
    ) -> Exchange:
        """Send any request and record its answer; a transport failure is recorded, not raised.

        Args:
            method: the HTTP method.
            path: from the first slash.
            body: sent unchanged, without a content type.
            headers: added to those that HTTP needs; a name may repeat. An `authorization` replaces the client's.
            anonymous: leave the API key out.
            at_once: requests of the caller at the same time; a server may answer them one after the other.

        Raises:
            httpx2.LocalProtocolError: a header cannot be written in HTTP.
            StreamOutgrewRequest: a stream goes on far beyond the tokens that were asked for.
        """
        all_headers = httpx2.Headers(headers)
        if not anonymous and "authorization" not in all_headers:
            all_headers.update(self._authorization)
        return self._exchange(method, path, body, all_headers, at_once=at_once)

    def request(self, messages: Messages, *, system: str | None = None, **params: Any) -> dict[str, Any]:
        """The body of a chat request."""
        conversation = [{"role": "user", "content": messages}] if isinstance(messages, str) else messages
        if system is not None:
            conversation = [{"role": "system", "content": system}, *conversation]
        fields = {name: value for name, value in params.items() if value is not None}
        return {"model": self.model, "messages": conversation, **fields}

    def _stream_body(self, messages: Messages, *, include_usage: bool = False, **params: Any) -> bytes:
        options = {"stream_options": {"include_usage": True}} if include_usage else {}
        return json.dumps(self.request(messages, **{"stream": True, **options, **params})).encode()

    def _stream(self, body: bytes, on_content: Callable[[], None], *, beside: int = 1) -> StreamedAnswer:
        assembly = StreamAssembly()

        def take(chunk: Chunk) -> None:
            assembly.feed(chunk)
            if assembly.has_content:
                on_content()

        # llama.cpp's server closes the connection after a stream although it announced to keep it. The next request
        # would race with that, so a stream's connection is never reused.
        headers = httpx2.Headers({**JSON, **self._authorization, "connection": "close"})
        exchange = self._exchange("POST", CHAT, body, headers, take, at_once=beside)
        raise_unless_ok(exchange)
        return assembly.answer(exchange)

    def _exchange(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: httpx2.Headers,
        on_chunk: Callable[[Chunk], None] = lambda _: None,
        *,
        at_once: int = 1,
    ) -> Exchange:
        url, beside = f"{self.base_url}{path}", requests_at_once(at_once)
        request = self._http.build_request(method, url, content=body, headers=headers, extensions=beside)
        try:
            response = self._http.send(request, stream=True)
            try:
                for _ in response.iter_raw():
                    on_chunk(recorded(request).chunks[-1])
            finally:
                response.close()
        except (httpx2.LocalProtocolError, httpx2.UnsupportedProtocol):
            raise  # the caller's mistake, not the server's
        except httpx2.TransportError:
            pass  # the exchange records it
        return recorded(request)


class RunningStream:
    """A stream that a thread is reading.

    Args:
        read: reads the stream to its end and calls back at each text.
    """

    def __init__(self, read: Callable[[Callable[[], None]], StreamedAnswer]) -> None:
        self._content = threading.Event()
        self._answer: Future[StreamedAnswer] = Future()
        # A daemon, so that an endless stream does not keep the run from ending.
        threading.Thread(target=self._run, args=(read,), name="stream", daemon=True).start()

    def wait_for_content(self) -> None:
        """Wait for the first text or the end, which the client's patience bounds; raise the stream's exception."""
        self._content.wait()
        if self._answer.done():
            self._answer.result()

    def finish(self, within_s: float) -> StreamedAnswer:
        """Wait for the end.

        Raises:
            TimeoutError: it did not come in time.
        """
        try:
            return self._answer.result(within_s)
        except TimeoutError as error:
            raise TimeoutError(f"the stream has not ended within {within_s:g} s") from error

    def _run(self, read: Callable[[Callable[[], None]], StreamedAnswer]) -> None:
        try:
            self._answer.set_result(read(self._content.set))
        except BaseException as error:  # noqa: BLE001  # raised again by `result`
            self._answer.set_exception(error)
        finally:
            self._content.set()
