"""Sweeps of streams that are cut in the backend, at many places."""

from __future__ import annotations

from typing import Literal

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library
from robot.libraries.BuiltIn import BuiltIn

from keywords.engine.faults.message_cuts import see_message
from keywords.engine.faults.stream_cuts import CutKind, CutSweep, See, Verdict, cut_streams, see_chat
from keywords.engine.openai.client import ChatClient
from keywords.engine.scripted.backend import ScriptedBackend
from keywords.run import target
from keywords.run.assertions import verify

StreamFormat = Literal["chat", "messages"]
_SEEN_BY: dict[StreamFormat, See] = {"chat": see_chat, "messages": see_message}
_HANG_S = 10.0
_SHOWN = 5


@library(scope="GLOBAL", doc_format="MARKDOWN")
class StreamCutsLibrary:
    """Cut a stream in the backend at many bytes, and count the ends that tell the client nothing.

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
            backend: behind the gateway that the row speaks to.
            seed: of the drawn bytes; it stands in the report.
            model: leads to the backend; the row's model if left out.
            words: of the answer, one chunk each.
            fault: `cut` resets the backend's connection, `close` closes it.
            drawn: how many bytes are drawn.
            in_format: `chat`, or Anthropic's `messages`.

        Raises:
            ValueError: the uncut stream is not in order.

        ```robotframework
        ${sweep} =    Cut Streams    ${BACKEND}    seed=${CUT_SEED}    fault=close
        ```
        """
        return _swept(backend, model, words, fault, drawn, seed, in_format)

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
        """Cut the backend's stream at each of its bytes; it takes the better part of a minute.

        Args:
            backend: behind the gateway that the row speaks to.
            model: as for [Cut Streams].
            words: of the answer, one chunk each.
            fault: as for [Cut Streams].
            in_format: as for [Cut Streams].

        ```robotframework
        ${sweep} =    Cut Streams At Every Byte    ${BACKEND}
        ```
        """
        return _swept(backend, model, words, fault, None, 0, in_format)

    @keyword
    def get_stream_count(
        self,
        sweep: CutSweep,
        end: Verdict,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """How many streams of a sweep ended so.

        Args:
            sweep: what `Cut Streams` gave.
            end: `told` is an error event in good order; `refused` a status instead of a stream; `whole` the whole
                answer; `silent` neither an error nor a finish reason and `[DONE]`; `malformed` an error or an end that
                is not in order, or a text that is not the answer's; `hung` no end within ten seconds.
            assertion_operator: how to judge; without it the number is only returned.
            assertion_expected: with what to compare.
            message: replaces the usual message.

        ```robotframework
        Get Stream Count    ${sweep}    silent    ==    0
        ```
        """
        found = sweep.that_are(end)
        shown = "; ".join(f"at byte {stream.at_byte}: {stream.detail}" for stream in found[:_SHOWN] if stream.detail)
        label = f"Streams that are {end}, of {len(sweep.streams)} with seed {sweep.seed} ({shown or 'none to show'})"
        return verify(len(found), assertion_operator, assertion_expected, label, message)


def _swept(
    backend: ScriptedBackend,
    model: str | None,
    words: int,
    fault: CutKind,
    drawn: int | None,
    seed: int,
    in_format: StreamFormat,
) -> CutSweep:
    client = ChatClient(
        str(BuiltIn().get_variable_value("${GATEWAY_URL}")),
        api_key=target.api_key(),
        model=model or str(BuiltIn().get_variable_value("${MODEL}")),
        timeout_s=_HANG_S,
    )
    try:
        sweep = cut_streams(
            client, backend, count=words, kind=fault, drawn=drawn, seed=seed, hang_s=_HANG_S, see=_SEEN_BY[in_format]
        )
    finally:
        client.close()
    logger.info(repr(sweep))
    return sweep
