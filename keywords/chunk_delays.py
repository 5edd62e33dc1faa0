"""How long the gateway holds up the chunks of a stream."""

from datetime import timedelta
from typing import Literal

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library
from robot.libraries.BuiltIn import BuiltIn

from keywords import target
from keywords.engine.chunk_delays import ChunkDelays, chunk_delays
from keywords.engine.client import ChatClient
from keywords.engine.scripted_backend import ScriptedBackend
from keywords.judging import judge

_PAUSE = timedelta(milliseconds=1)


@library(scope="GLOBAL", doc_format="MARKDOWN")
class ChunkDelaysLibrary:
    """Measure in one keyword, judge in another. The exchanges are not kept as evidence: there are too many.

    ```robotframework
    ${delays} =    Measure Chunk Delays    ${BACKEND}
    Get Added Chunk Delay    ${delays}    p50    <    ${ADDED_CHUNK_DELAY_P50_S}
    ```
    """

    @keyword
    def measure_chunk_delays(
        self, backend: ScriptedBackend, *, streams: int = 5, chunks: int = 64, pause: timedelta = _PAUSE
    ) -> ChunkDelays:
        """Stream in turn from the backend itself and through the gateway, and note how long each chunk took.

        Args:
            backend: behind the gateway that the row speaks to; its record says when each chunk left.
            streams: how many of each.
            chunks: of each stream; p99 needs 299 chunks in all.
            pause: silence before each chunk.

        ```robotframework
        ${delays} =    Measure Chunk Delays    ${BACKEND}    streams=5    chunks=64
        ```
        """
        gateway = ChatClient(
            str(BuiltIn().get_variable_value("${GATEWAY_URL}")),
            api_key=target.api_key(),
            model=str(BuiltIn().get_variable_value("${MODEL}")),
        )
        direct = ChatClient(backend.url, api_key=None, model=backend.models[0])
        try:
            measured = chunk_delays(
                gateway, direct, backend, streams=streams, chunks=chunks, pause_s=pause.total_seconds()
            )
        finally:
            gateway.close()
            direct.close()
        logger.info(repr(measured))
        return measured

    @keyword
    def get_added_chunk_delay(
        self,
        delays: ChunkDelays,
        statistic: Literal["p50", "p90", "p99"],
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """How much larger a percentile of the chunks' delays is through the gateway than without it, in seconds.

        Args:
            delays: what was measured.
            statistic: a percentile by nearest rank.
            assertion_operator: such as `<`.
            assertion_expected: seconds.
            message: replaces the usual message.

        Raises:
            ValueError: there are too few chunks for the percentile.
            AssertionError: the judgement failed.

        ```robotframework
        Get Added Chunk Delay    ${delays}    p99    <    ${ADDED_CHUNK_DELAY_P99_S}
        ```
        """
        value = delays.added_s(int(statistic[1:]))
        label = f"Delay of chunks that the gateway adds, {statistic} (s; {delays!r}),"
        return judge(value, assertion_operator, assertion_expected, label, message)
