"""Whether the gateway holds up the chunks of a stream."""

from datetime import timedelta

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library
from robot.libraries.BuiltIn import BuiltIn

from keywords.engine.load.chunk_delays import ChunkDelays, chunk_delays
from keywords.engine.openai.client import ChatClient
from keywords.engine.scripted.backend import ScriptedBackend
from keywords.run import target
from keywords.run.assertions import verify

_PAUSE = timedelta(milliseconds=20)


@library(scope="GLOBAL", doc_format="MARKDOWN")
class ChunkDelaysLibrary:
    """Measure in one keyword, judge in another. The exchanges are not kept as evidence: there are too many.

    ```robotframework
    ${delays} =    Measure Chunk Delays    ${BACKEND}
    Get Punctual Chunk Share    ${delays}    >=    ${PUNCTUAL_CHUNK_SHARE_MIN}
    ```
    """

    @keyword
    def measure_chunk_delays(
        self, backend: ScriptedBackend, *, streams: int = 2, chunks: int = 21, pause: timedelta = _PAUSE
    ) -> ChunkDelays:
        """Stream through the gateway, and note for each chunk how long it took and whether it overtook the next one.

        Args:
            backend: behind the gateway that the row speaks to; its record says when each chunk left.
            streams: how many, in turn.
            chunks: of each stream.
            pause: silence before each chunk; what holds a chunk up for less is not noticed, a busy machine included.

        ```robotframework
        ${delays} =    Measure Chunk Delays    ${BACKEND}    streams=2    chunks=21
        ```
        """
        gateway = ChatClient(
            str(BuiltIn().get_variable_value("${GATEWAY_URL}")),
            api_key=target.api_key(),
            model=str(BuiltIn().get_variable_value("${MODEL}")),
        )
        try:
            measured = chunk_delays(gateway, backend, streams=streams, chunks=chunks, pause_s=pause.total_seconds())
        finally:
            gateway.close()
        logger.info(repr(measured))
        return measured

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
            AssertionError: the judgement failed.

        ```robotframework
        Get Punctual Chunk Share    ${delays}    >=    ${PUNCTUAL_CHUNK_SHARE_MIN}
        ```
        """
        label = f"Share of chunks that were passed on before the next one ({delays!r})"
        return verify(delays.prompt_share, assertion_operator, assertion_expected, label, message)
