"""The processes of the gateways under test: start, damage and stop them, or attach to a running gateway."""

import subprocess
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library
from robot.api.types import Secret

from keywords.engine import clock
from keywords.engine.processes.background import run_in_background
from keywords.engine.processes.gateway import GatewayProcessError, start_gateway
from keywords.engine.processes.gateway_command import CommandResult, run_command
from keywords.engine.processes.tree import Ended, wait_gone
from keywords.run.assertions import verify
from keywords.run.context import Gateway, Target, chosen_gateway, probe_target
from keywords.run.output_folder import new_work_file, work_folder
from keywords.run.scopes import SCOPES

_READY_WITHIN = timedelta(seconds=60)


@library(scope="GLOBAL", doc_format="MARKDOWN", listener=SCOPES)
class GatewayProcessLibrary:
    """Start, watch, damage and stop gateways.

    A run has one target, provided and released by the outermost suite. Rows and suites may start further gateways with
    other configurations, which end with them. Without `gateway`, a keyword acts on the run's target.

    ```robotframework
    ${gateway} =    Start Gateway
    Kill Gateway    ${gateway}
    Release Target
    ```
    """

    def __init__(self) -> None:
        self._running: list[Gateway] = []
        self._ending: list[tuple[Gateway, Future[Ended]]] = []

    @keyword
    def provide_target(
        self,
        url: str | None = None,
        api_key: Secret | None = None,
        *,
        model: str = "",
        config: Path | None = None,
        ready_within: timedelta = _READY_WITHIN,
    ) -> Target:
        """Attach to the server at a URL, or start a gateway if there is none.

        Args:
            url: address of an OpenAI-compatible server; empty starts our own gateway.
            api_key: key for that server; our own gateway gets a random one.
            model: the model of rows that name none; empty takes the first one listed.
            config: configuration file for our own gateway; the built-in one if left out.
            ready_within: time limit for the start.

        Raises:
            ProbeError: no usable server answers at the URL, or the server has no such model.
            GatewayProcessError: our own gateway did not get ready.

        ```robotframework
        ${target} =    Provide Target    ${GATEWAY_URL}    ${GATEWAY_API_KEY}
        VAR    ${TARGET}    ${target}    scope=GLOBAL
        ```
        """
        if url:
            return probe_target(url, api_key, None, model)
        gateway = self._start(config, ready_within, warm=False)
        return probe_target(gateway.url, gateway.api_key, gateway, model)

    @keyword
    def release_target(self) -> None:
        """Stop all running gateways of this run, and fail if one of the run did not end cleanly.

        Gateways of rows and suites have begun to stop with them; this waits for their ends. It does nothing to a server
        that the run only attached to.

        Raises:
            AssertionError: a gateway had ended by itself, had to be killed, or left processes behind, or something else
                that a suite started could not be stopped; every process is ended all the same.
        """
        for gateway in self._running[::-1]:
            self._begin_to_stop(gateway)
        ending, self._ending = self._ending, []
        faults = [fault for one in ending for fault in _faults(*one)] + SCOPES.take_faults()
        if faults:
            raise AssertionError("\n".join(faults))

    @keyword
    def attach_to_gateway(self, url: str, api_key: Secret | None = None) -> Target:
        """Probe the server at a URL, within 5 seconds for each request and without spending a token.

        Args:
            url: address of an OpenAI-compatible server, with or without `/v1`.
            api_key: key for that server.

        Raises:
            ProbeError: nothing answers there, it is no OpenAI-compatible server, or it refuses the key.

        ```robotframework
        ${target} =    Attach To Gateway    http://127.0.0.1:8080
        ```
        """
        return probe_target(url, api_key, None)

    @keyword
    def start_gateway(
        self,
        *,
        config: Path | None = None,
        environment: dict[str, str] | None = None,
        ready_within: timedelta = _READY_WITHIN,
    ) -> Gateway:
        """Start a gateway on a free port and wait until it is ready.

        Its log goes to the folder of the row that starts it, or of the suite in whose setup it is started, below
        `work` in the results. It ends with that row or suite; the next row does not wait for that. It never outlives
        this run, even if the run is killed.

        Args:
            config: configuration file; the built-in one, with the embedded model, if left out.
            environment: variables of this gateway, which override those of the run and its random key.
            ready_within: time limit for the start.

        Raises:
            GatewayProcessError: it ended, did not get ready in time, or another server answered in its place; the
                message ends with the last lines of its log.

        The run's target starts as a user would start it. Further gateways are forked from an interpreter that has the
        gateway's modules in memory, where the platform allows it: the same process in a tenth of the time.

        ```robotframework
        ${gateway} =    Start Gateway    config=${CONFIG}
        ```
        """
        return self._start(config, ready_within, environment, warm=True)

    def _start(
        self, config: Path | None, ready_within: timedelta, environment: dict[str, str] | None = None, *, warm: bool
    ) -> Gateway:
        began = clock.now()
        process = start_gateway(
            config=config,
            log=new_work_file("gateway", ".log"),
            ready_within_s=ready_within.total_seconds(),
            environment=environment,
            warm=warm,
        )
        gateway = Gateway(
            url=process.url,
            pid=process.pid,
            instance=process.instance,
            log=process.log,
            api_key=Secret(process.api_key),
            process=process,
            config=config,
            variables=environment or {},
            started_in=str(SCOPES.here()),
        )
        self._running.append(gateway)
        SCOPES.remember(lambda: self._begin_to_stop(gateway))
        logger.info(f"Gateway ready at {gateway.url} after {clock.now() - began:.2f} s, log in {gateway.log}")
        return gateway

    @keyword
    def stop_gateway(self, gateway: Gateway | None = None) -> Ended:
        """Ask a gateway to end, kill it after 5 seconds, and end the processes that it left behind.

        Returns:
            How it ended; verify it with [Get Leftover Processes].
        """
        gateway = chosen_gateway(gateway)
        ended = gateway.process.stop()
        if gateway in self._running:
            self._running.remove(gateway)
        logger.info(f"Gateway at {gateway.url} ended after {ended.took_s:.2f} s{', killed' if ended.forced else ''}")
        return ended

    def _begin_to_stop(self, gateway: Gateway) -> None:
        """Stop a gateway while the next row begins; `release_target` waits for it and checks how it ended."""
        if gateway in self._running:
            self._running.remove(gateway)
            self._ending.append((gateway, run_in_background(gateway.process.stop)))

    @keyword
    def kill_gateway(self, gateway: Gateway | None = None) -> None:
        """Kill the gateway's main process without a warning, as a crash would; its model's process is not touched."""
        chosen_gateway(gateway).process.kill()

    @keyword
    def kill_model_process_of_gateway(self, gateway: Gateway | None = None) -> int:
        """Kill the process that holds the embedded model, without a warning, and wait until it is gone.

        Returns:
            Its process id.

        Raises:
            GatewayProcessError: the gateway has no such process.

        ```robotframework
        Kill Model Process Of Gateway
        Gateway Should Be Ready Within    5 s
        ```
        """
        process = chosen_gateway(gateway).process.model_process()
        process.kill()
        wait_gone([process], 1.0)
        logger.info(f"Killed the model's process {process.pid}")
        return process.pid

    @keyword
    def get_leftover_processes(
        self,
        ended: Ended,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """The number of processes that a gateway left behind; they have been ended since.

        ```robotframework
        ${ended} =    Stop Gateway    ${gateway}
        Get Leftover Processes    ${ended}    ==    0
        ```
        """
        label, details = "Number of leftover processes", "; ".join(ended.leftover)
        return verify(len(ended.leftover), assertion_operator, assertion_expected, label, message, details)

    @keyword
    def run_gateway_command(
        self, *arguments: str, environment: dict[str, str] | None = None, timeout: timedelta = timedelta(seconds=60)
    ) -> CommandResult:
        """Run a `gateway …` command line to its end, in the folder of the running row or suite below `work`.

        Args:
            arguments: what follows `gateway`.
            environment: variables of this command, which override those of the run.
            timeout: time limit.

        Returns:
            `rc`, `stdout` and `stderr`.

        Raises:
            GatewayProcessError: it did not end in time.

        ```robotframework
        ${result} =    Run Gateway Command    config    check    ${CONFIG}
        Get Exit Code    ${result}    ==    0
        ```
        """
        try:
            result = run_command(
                *arguments, cwd=work_folder(), environment=environment, timeout_s=timeout.total_seconds()
            )
        except subprocess.TimeoutExpired as error:
            limit_s = timeout.total_seconds()
            raise GatewayProcessError(f"`gateway {' '.join(arguments)}` did not end within {limit_s:g} s") from error
        logger.info(f"rc {result.rc}\nstdout:\n{result.stdout}\nstderr:\n{result.stderr}")
        return result


def _faults(gateway: Gateway, future: Future[Ended]) -> list[str]:
    """Wait until a gateway has stopped; return what went wrong."""
    faults, name = [], f"The gateway at {gateway.url}"
    if gateway.started_in:
        name += f", started in '{gateway.started_in}',"
    try:
        ended = future.result()
    except Exception as error:  # noqa: BLE001  # the other gateways must be stopped all the same
        return [f"{name} could not be stopped: {error!r}; see {gateway.log}."]
    if ended.crashed is not None:
        faults.append(f"{name} had ended by itself, with exit status {ended.crashed}; see {gateway.log}.")
    if ended.forced:
        faults.append(f"{name} did not end within 5 s and was killed; see {gateway.log}.")
    if ended.leftover:
        faults.append(f"{name} left processes behind: {'; '.join(ended.leftover)}.")
    return faults
