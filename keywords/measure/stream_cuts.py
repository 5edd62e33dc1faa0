"""Sweeps: cut a stream in the backend, at many bytes, and classify how it ends for the client."""

from __future__ import annotations

from typing import Literal

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.faults.message_cuts import observe_message
from keywords.engine.faults.stream_cuts import CutKind, CutSweep, StreamObserver, Verdict, cut_streams, observe_chat
from keywords.engine.scripted.backend import ScriptedBackend
from keywords.run import target
from keywords.run.assertions import verify

StreamFormat = Literal["chat", "messages"]
_OBSERVERS: dict[StreamFormat, StreamObserver] = {"chat": observe_chat, "messages": observe_message}
_HANG_S = 10.0
_SHOWN = 5


@library(scope="GLOBAL", doc_format="MARKDOWN")
class StreamCutsLibrary:
    """Cut a stream in the backend at many bytes, and count how the streams end for the client.

    The exchanges of a sweep are not kept as evidence; its log names the place and the defect of each bad end.

    ```robotframework
    ${sweep} =    Cut Streams    ${BACKEND}    seed=20260101
    Get Stream Count    ${sweep}    silent    ==    0
    Get Stream Count    ${sweep}    malformed    ==    0
    Get Stream Count    ${sweep}    hung    ==    0
    ```
    """

    @keyword
    def cut_streams(
        self,
        backend: ScriptedBackend,
        *,
        seed: int,
        model: str | None = None,
        words: int = 60,
        fault: CutKind = "cut",
        drawn: int = 200,
        in_format: StreamFormat = "chat",
    ) -> CutSweep:
        """Cut the backend's stream at each end of an event, one byte before and after it, and at drawn bytes.

        Args:
            backend: the backend behind the gateway.
            seed: of the drawn bytes; the report shows it.
            model: a model that routes to the backend; the row's model if left out.
            words: of the answer, one chunk each.
            fault: `cut` resets the backend's connection, `close` closes it.
            drawn: number of drawn bytes.
            in_format: `chat`, or Anthropic's `messages`.

        Raises:
            ValueError: the uncut stream is not in order.

        ```robotframework
        ${sweep} =    Cut Streams    ${BACKEND}    seed=${CUT_SEED}    fault=close
        ```
        """
        return _sweep(backend, model, words, fault, drawn, seed, in_format)

    @keyword
    def cut_streams_at_every_byte(
        self,
        backend: ScriptedBackend,
        *,
        model: str | None = None,
        words: int = 60,
        fault: CutKind = "cut",
        in_format: StreamFormat = "chat",
    ) -> CutSweep:
        """Cut the backend's stream at each of its bytes; this takes most of a minute.

        Args:
            backend: the backend behind the gateway.
            model: as for [Cut Streams].
            words: of the answer, one chunk each.
            fault: as for [Cut Streams].
            in_format: as for [Cut Streams].

        ```robotframework
        ${sweep} =    Cut Streams At Every Byte    ${BACKEND}
        ```
        """
        return _sweep(backend, model, words, fault, None, 0, in_format)

    @keyword
    def get_stream_count(
        self,
        sweep: CutSweep,
        end: Verdict,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """The number of streams in a sweep with this kind of end.

        Args:
            sweep: what `Cut Streams` gave.
            end: `told` is an error event in good order; `refused` a status instead of a stream; `whole` the whole
                answer; `silent` neither an error nor a finish reason and `[DONE]`; `malformed` an error or an end that
                is not in order, or a text that is not the answer's; `hung` no end within ten seconds.
            assertion_operator: how to compare; without it the number is only returned.
            assertion_expected: with what to compare.
            message: replaces the usual message.

        ```robotframework
        Get Stream Count    ${sweep}    silent    ==    0
        ```
        """
        streams = sweep.that_are(end)
        shown = "; ".join(f"at byte {stream.at_byte}: {stream.detail}" for stream in streams[:_SHOWN] if stream.detail)
        label = f"Number of streams that are {end}, of {len(sweep.streams)} with seed {sweep.seed},"
        return verify(len(streams), assertion_operator, assertion_expected, label, message, shown)


def _sweep(
    backend: ScriptedBackend,
    model: str | None,
    words: int,
    fault: CutKind,
    drawn: int | None,
    seed: int,
    in_format: StreamFormat,
) -> CutSweep:
    with target.unrecorded_client(model, _HANG_S) as client:
        sweep = cut_streams(
            client,
            backend,
            count=words,
            kind=fault,
            drawn=drawn,
            seed=seed,
            hang_s=_HANG_S,
            observe=_OBSERVERS[in_format],
        )
    logger.info(repr(sweep))
    return sweep
