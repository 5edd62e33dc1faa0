"""Delays that the gateway adds to the chunks of a stream."""

from datetime import timedelta

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.load.chunk_delays import ChunkDelays, chunk_delays
from keywords.engine.scripted.backend import ScriptedBackend
from keywords.run import target
from keywords.run.assertions import verify

_PAUSE = timedelta(milliseconds=20)


@library(scope="GLOBAL", doc_format="MARKDOWN")
class ChunkDelaysLibrary:
    """Measure in one keyword, verify in another. The exchanges are not kept as evidence: there are too many.

    ```robotframework
    ${delays} =    Measure Chunk Delays    ${BACKEND}
    Get Punctual Chunk Share    ${delays}    >=    ${PUNCTUAL_CHUNK_SHARE_MIN}
    ```
    """

    @keyword
    def measure_chunk_delays(
        self, backend: ScriptedBackend, *, streams: int = 2, chunks: int = 21, pause: timedelta = _PAUSE
    ) -> ChunkDelays:
        """Stream through the gateway; note each chunk's delay, and whether it arrived before the next one was sent.

        Args:
            backend: the backend behind the gateway; its record says when each chunk was sent.
            streams: number of streams, one after the other.
            chunks: number of chunks in each stream.
            pause: silence before each chunk; shorter delays, such as those of a busy machine, do not count.

        ```robotframework
        ${delays} =    Measure Chunk Delays    ${BACKEND}    streams=2    chunks=21
        ```
        """
        with target.unrecorded_client() as client:
            delays = chunk_delays(client, backend, streams=streams, chunks=chunks, pause_s=pause.total_seconds())
        logger.info(repr(delays))
        return delays

    @keyword
    def get_punctual_chunk_share(
        self,
        delays: ChunkDelays,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """The share of chunks, from 0 to 1, that the client had read before the backend sent the next one.

        Raises:
            AssertionError: the comparison failed.

        ```robotframework
        Get Punctual Chunk Share    ${delays}    >=    ${PUNCTUAL_CHUNK_SHARE_MIN}
        ```
        """
        label = "Share of chunks that were passed on before the next one (0 to 1)"
        return verify(delays.punctual_share, assertion_operator, assertion_expected, label, message, repr(delays))
