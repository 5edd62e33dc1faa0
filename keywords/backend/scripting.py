"""Scripts of a scripted backend: answers, delays, faults, refusals."""

from dataclasses import replace
from datetime import timedelta

from robot.api.deco import keyword, library

from keywords.engine.scripted.backend import (
    Delay,
    Exponential,
    Fault,
    Script,
    ScriptedBackend,
    ToolCall,
    Uniform,
    words,
)
from keywords.engine.scripted.script import WORDS, FaultKind, FinishReason, KeepAlive, RetryAfterForm
from keywords.run.arguments import CONVERTERS, Headers

_AT_ONCE = timedelta(0)


@library(scope="GLOBAL", doc_format="MARKDOWN", converters=CONVERTERS)
class ScriptingLibrary:
    """Script what a backend does with every request for an answer from now on.

    Each keyword returns the resulting script, as a part for [Script Sequence].

    ```robotframework
    ${refusal} =    Script Refusal    ${BACKEND}    429    retry_after=1 s
    ${answer} =    Script Answer    ${BACKEND}    One${SPACE}    answer.
    Script Sequence    ${BACKEND}    ${refusal}    ${answer}
    ```
    """

    @keyword
    def script_answer(
        self,
        backend: ScriptedBackend,
        *chunks: str,
        count: int | None = None,
        thoughts: int = 0,
        tokens_per_chunk: int = 1,
        connect_delay: timedelta | Uniform | Exponential = _AT_ONCE,
        first_delay: timedelta | Uniform | Exponential = _AT_ONCE,
        chunk_delay: timedelta | Uniform | Exponential = _AT_ONCE,
        seed: int = 0,
        finish_reason: FinishReason = "stop",
        slots: int | None = None,
        hold_after: int | None = None,
    ) -> Script:
        """Script the answers from now on; this replaces an earlier fault, refusal or sequence.

        Args:
            backend: the backend to script.
            chunks: pieces of the stream; a plain answer is all of them joined. The usual five words if left out.
            count: number of numbered words instead, one chunk each.
            thoughts: chunks of thoughts before them, in OpenAI's and Ollama's streams of chat.
            tokens_per_chunk: tokens of one chunk, for the usage.
            connect_delay: from a new connection to the first read from it.
            first_delay: silence before the first byte.
            chunk_delay: silence before each chunk of a stream.
            seed: seed of delays that are drawn, by [Uniform Delay] or [Exponential Delay].
            finish_reason: how the answer ends.
            slots: requests that are answered at the same time, further ones in turn; no limit if left out.
            hold_after: chunks of a stream that come before the backend waits for [Release Answers]; with 0, and for
                a plain answer, nothing comes before.

        ```robotframework
        Script Answer    ${backend}    Slow${SPACE}    words    chunk_delay=200 ms
        ```
        """
        pieces = chunks or WORDS if count is None else words(count)
        return _set(
            backend,
            Script(
                chunks=pieces,
                thoughts=thoughts,
                tokens_per_chunk=tokens_per_chunk,
                connect_delay=_delay(connect_delay),
                first_delay=_delay(first_delay),
                chunk_delay=_delay(chunk_delay),
                seed=seed,
                finish_reason=finish_reason,
                slots=slots,
                hold_after=hold_after,
            ),
        )

    @keyword
    def release_answers(self, backend: ScriptedBackend) -> None:
        """Let the answers go on that the backend holds, as [Script Answer] told it to.

        ```robotframework
        Script Answer    ${backend}    hold_after=1
        ${running} =    Start Stream    Hello.
        Release Answers    ${backend}
        ```
        """
        backend.release()

    @keyword
    def uniform_delay(self, low: timedelta, high: timedelta) -> Uniform:
        """A delay that is drawn evenly between two bounds, for [Script Answer].

        ```robotframework
        ${delay} =    Uniform Delay    10 ms    30 ms
        Script Answer    ${backend}    chunk_delay=${delay}    seed=7
        ```
        """
        return Uniform(low.total_seconds(), high.total_seconds())

    @keyword
    def exponential_delay(self, mean: timedelta) -> Exponential:
        """A delay that is drawn from the exponential distribution, for [Script Answer]: now and then a long one.

        ```robotframework
        ${delay} =    Exponential Delay    20 ms
        ```
        """
        return Exponential(mean.total_seconds())

    @keyword
    def script_tool_call(
        self,
        backend: ScriptedBackend,
        name: str,
        arguments: str,
        *chunks: str,
        finish_reason: FinishReason = "tool_calls",
    ) -> Script:
        """Script a tool call as the answer.

        Args:
            backend: the backend to script.
            name: the tool's name.
            arguments: its arguments, a JSON object as text.
            chunks: text before the call.
            finish_reason: how the answer ends.

        ```robotframework
        Script Tool Call    ${backend}    get_weather    {"city": "Oslo"}
        ```
        """
        calls = (ToolCall(name, arguments),)
        return _set(backend, Script(chunks=chunks, tool_calls=calls, finish_reason=finish_reason))

    @keyword
    def script_wire(
        self,
        backend: ScriptedBackend,
        *,
        early_role: bool = False,
        usage: bool = True,
        crlf: bool = False,
        comments: bool = False,
        split_bytes: int | None = None,
        join: int = 1,
        keep_alive: KeepAlive = "keep",
        headers: Headers = None,
    ) -> Script:
        """Script how answers are put on the wire from now on; their contents and delays stay as scripted.

        Args:
            backend: the backend to script.
            early_role: whether OpenAI's stream starts at once with a chunk that has a role and no text.
            usage: whether the answer has a usage.
            crlf: whether lines of a stream end with CR LF.
            comments: whether each event of a stream has an SSE comment before it.
            split_bytes: bytes in each TCP write, one millisecond apart.
            join: chunks of a stream in each TCP write.
            keep_alive: after an answer the connection is kept, closed with an announcement (`announced`), closed
                without a word (`silent`), or reset as soon as the next request comes in on it (`stale`).
            headers: further headers of every answer.

        ```robotframework
        Script Wire    ${backend}    crlf=True    comments=True    split_bytes=3
        ```
        """
        script = replace(
            backend.script,
            early_role=early_role,
            usage=usage,
            crlf=crlf,
            comments=comments,
            split_bytes=split_bytes,
            join=join,
            keep_alive=keep_alive,
            headers=headers or {},
        )
        return _set(backend, script)

    @keyword
    def script_fault(
        self, backend: ScriptedBackend, fault: FaultKind, *, after: int | None = None, at_byte: int | None = None
    ) -> Script:
        """Script a fault in every answer from now on; chunks and delays stay as scripted.

        Args:
            backend: the backend to script.
            fault: `cut` resets the connection, `close` closes it before the answer is whole, `end` ends the answer
                early but well-formed, `silence` sends nothing more and keeps the connection open, `error` sends the
                family's own error within the stream, `bad_json` and `bad_utf8` spoil one chunk, `no_end` leaves out
                what ends a whole stream and keeps the connection open.
            after: chunks before the fault; 0 if left out. A plain answer breaks within its body, or never arrives.
            at_byte: bytes of the answer's body before the fault, instead.

        Raises:
            ValueError: there are fewer chunks than that, or this fault has no such place.

        ```robotframework
        Script Fault    ${backend}    cut    after=2
        Script Fault    ${backend}    close    at_byte=100
        ```
        """
        place = 0 if after is None and at_byte is None else after
        return _set(backend, replace(backend.script, fault=Fault(fault, after=place, at_byte=at_byte)))

    @keyword
    def script_no_answer(self, backend: ScriptedBackend, fault: FaultKind = "silence") -> Script:
        """Script requests that are received and never answered, not by a single byte.

        Args:
            backend: the backend to script.
            fault: `silence` keeps the connection open, `cut` resets it, `close` closes it.

        ```robotframework
        Script No Answer    ${backend}    cut
        ```
        """
        return _set(backend, replace(backend.script, fault=Fault(fault)))

    @keyword
    def script_refusal(
        self,
        backend: ScriptedBackend,
        status: int,
        body: str | None = None,
        *,
        headers: Headers = None,
        retry_after: timedelta | None = None,
        retry_after_form: RetryAfterForm = "seconds",
    ) -> Script:
        """Script a refusal of every request from now on.

        Args:
            backend: the backend to script.
            status: HTTP status.
            body: exact body; the family's own error object if left out.
            headers: further headers.
            retry_after: how long the client should wait.
            retry_after_form: its form: `retry-after` in whole seconds, `retry-after-ms`, or `retry-after` with a
                date.

        ```robotframework
        Script Refusal    ${backend}    429    retry_after=2 s    retry_after_form=date
        ```
        """
        return _set(
            backend,
            Script(
                status=status,
                headers=headers or {},
                body=body.encode() if body is not None else None,
                retry_after_s=None if retry_after is None else retry_after.total_seconds(),
                retry_after_form=retry_after_form,
            ),
        )

    @keyword
    def script_sequence(
        self, backend: ScriptedBackend, *scripts: Script, path: str | None = None, model: str | None = None
    ) -> None:
        """Play scripts one after the other, one for each request, and then the last one for all further requests.

        Args:
            backend: the backend that plays them.
            scripts: from the other keywords.
            path: only for requests at this path, without a query; probes such as `/v1/models` too.
            model: only for requests for this model. Without path and model it replaces everything scripted before.

        ```robotframework
        Script Sequence    ${backend}    ${refusal}    ${answer}
        Script Sequence    ${backend}    ${refusal}    path=/v1/models
        ```
        """
        backend.play(*scripts, path=path, model=model)


def _set(backend: ScriptedBackend, script: Script) -> Script:
    backend.script = script
    return script


def _delay(delay: timedelta | Uniform | Exponential) -> Delay:
    return delay.total_seconds() if isinstance(delay, timedelta) else delay
