"""Services that rows start beside a gateway: Redis and Prometheus."""

from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.processes.prometheus import Prometheus
from keywords.engine.processes.redis import RedisServer, RedisServerError
from keywords.run.scopes import SCOPES


@library(scope="GLOBAL", doc_format="MARKDOWN", listener=SCOPES)
class ServicesLibrary:
    """Start services that a gateway uses, or that use a gateway.

    Each ends with the row that starts it, or with the suite in whose setup it is started.

    ```robotframework
    ${url} =    Start Redis
    Add To Gateway Config    ${config}    shared    redis_url=${url}
    ${prometheus} =    Start Prometheus    ${GATEWAY_URL}
    ```
    """

    def __init__(self) -> None:
        self._redis: RedisServer | None = None

    @keyword
    def start_redis(self) -> str:
        """Start an empty Redis on a free port.

        Returns:
            Its address, as `[shared] redis_url` takes it.

        ```robotframework
        ${url} =    Start Redis
        Add To Gateway Config    ${config}    shared    redis_url=${url}
        ```
        """
        redis = RedisServer()
        redis.start()
        SCOPES.remember(redis.stop)
        self._redis = redis
        return redis.url

    @keyword
    def stop_redis(self) -> None:
        """Kill the Redis that was started last, with everything in it.

        Raises:
            RedisServerError: none runs.

        ```robotframework
        Stop Redis
        ```
        """
        self._running().stop()

    @keyword
    def suspend_redis(self) -> None:
        """Let the Redis that was started last hang, until [Resume Redis]: it hears what is sent and does not answer.

        Raises:
            RedisServerError: none runs.

        ```robotframework
        Suspend Redis
        ```
        """
        self._running().suspend()

    @keyword
    def resume_redis(self) -> None:
        """Let a suspended Redis go on, with what was sent to it meanwhile.

        Raises:
            RedisServerError: none runs.

        ```robotframework
        Resume Redis
        ```
        """
        self._running().resume()

    @keyword
    def start_prometheus(self, url: str) -> Prometheus:
        """Start Debian's Prometheus on a free port, scraping the gateway at `url`.

        Raises:
            PrometheusError: it is not installed, or did not get ready.

        ```robotframework
        ${prometheus} =    Start Prometheus    ${GATEWAY_URL}
        Get Query Result    ${prometheus}    sum(gateway_requests_total)    ==    3
        ```
        """
        prometheus = Prometheus(url)
        SCOPES.remember(prometheus.stop)
        logger.info(f"Prometheus at {prometheus.url}")
        return prometheus

    def _running(self) -> RedisServer:
        if self._redis is None or not self._redis.runs:
            raise RedisServerError("No Redis runs: start one with `Start Redis`.")
        return self._redis
