"""Delays that the gateway adds to the chunks of a stream."""

from contextlib import closing
from datetime import timedelta

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.load.chunk_delays import ChunkDelays, chunk_delays
from keywords.engine.machine import BUSY, measure_machine
from keywords.engine.openai.client import ChatClient
from keywords.engine.scripted.backend import ScriptedBackend
from keywords.run import target
from keywords.run.assertions import verify
from keywords.run.inconclusive import skip_as_inconclusive

_PAUSE = timedelta(milliseconds=20)
_GATHERING_SHARE_MAX = 0.5
"""The highest share of a gateway that gathers as few as two chunks."""


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

        After each stream, the same one comes from the backend without the gateway, as the control.

        Args:
            backend: the backend behind the gateway; its record says when each chunk was sent.
            streams: number of streams through the gateway, one after the other.
            chunks: number of chunks in each stream.
            pause: silence before each chunk; shorter delays, such as those of a busy machine, do not count.

        ```robotframework
        ${delays} =    Measure Chunk Delays    ${BACKEND}    streams=2    chunks=21
        ```
        """
        direct = ChatClient(backend.url, api_key=None, model="scripted")
        with target.unrecorded_client() as client, closing(direct):
            delays = chunk_delays(
                client, direct, backend, streams=streams, chunks=chunks, pause_s=pause.total_seconds()
            )
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

        A share below its limit is judged against the share that the control leaves possible at that moment. On a busy
        machine, a share that no gathering gateway reaches is no failure either.

        Raises:
            AssertionError: the comparison failed, and neither the control nor the machine explains it.
            SkipExecution: one of them does: the machine is too busy for a verdict.

        ```robotframework
        Get Punctual Chunk Share    ${delays}    >=    ${PUNCTUAL_CHUNK_SHARE_MIN}
        ```
        """
        label = "Share of chunks that were passed on before the next one (0 to 1)"
        share, possible = delays.punctual_share, delays.possible_share
        try:
            return verify(share, assertion_operator, assertion_expected, label, message, repr(delays))
        except AssertionError as failure:
            machine = measure_machine()
            late_directly = assertion_expected is not None and possible < 1 and share >= assertion_expected * possible
            late_by_chance = machine.slowdown > BUSY and share > _GATHERING_SHARE_MAX
            if not late_directly and not late_by_chance:
                raise
            skip_as_inconclusive(str(failure), machine)
