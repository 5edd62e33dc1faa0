"""Load on a server that generates on a GPU, with the GPU's telemetry on the clock of the requests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from assertionengine import AssertionOperator
from robot.api import SkipExecution, logger
from robot.api.deco import keyword, library

from keywords.engine.gpu.report import write_report
from keywords.engine.gpu.server import GpuServer, GpuServerError, start_transformers
from keywords.engine.gpu.session import TelemetrySession
from keywords.engine.gpu.storage import join_requests
from keywords.engine.gpu.telemetry import Telemetry
from keywords.engine.gpu.windows import NotMeasuredError, annotation, slowed_shares
from keywords.engine.load.metrics.levels import judge
from keywords.engine.load.service_levels import parse_service_level
from keywords.engine.load.session import LoadRun
from keywords.engine.openai.client import ChatClient
from keywords.gpu.device import decline
from keywords.measure.load.verdicts import require_valid
from keywords.run.assertions import verify
from keywords.run.gateway_config import write_config
from keywords.run.output_folder import evidence_folder, new_work_file
from keywords.run.scopes import SCOPES
from keywords.traceability.skips import INCONCLUSIVE

MODEL = "gpu"


@library(scope="GLOBAL", doc_format="MARKDOWN", listener=SCOPES)
class GpuServingLibrary:
    """Serve from a GPU, and read what it did for the requests.

    ```robotframework
    ${server} =    Start Gpu Server    python=${GPU_PYTHON}
    ${config} =    Write Gateway Config For Gpu    ${server}
    ```
    """

    @keyword
    def start_gpu_server(
        self, url: str = "", *, python: str = "", model: str = "random:1b", device: str = "cuda:0", options: str = ""
    ) -> GpuServer:
        """Attach to a server that generates on the GPU, or start our own around transformers.

        Args:
            url: of vLLM, llama.cpp with CUDA or any other OpenAI-compatible server that runs; empty starts our own.
            python: with PyTorch and transformers; the one of the rows if empty.
            model: for our own: a folder of transformers, or a shape without weights, `random:tiny`, `random:1b` or
                `random:8b`.
            device: for our own: `cuda:0`, or `cpu` to try it.
            options: further ones of `ops/serve_transformers.py`, such as `--rows 1 --bits int8`.

        Raises:
            SkipExecution: our own does not start here; the message has the reason and the remedy.

        ```robotframework
        ${server} =    Start Gpu Server    ${GPU_SERVER_URL}    python=${GPU_PYTHON}
        ```
        """
        if url:
            client = ChatClient(url.rstrip("/"), api_key=None, model="")
            models = client.models()
            client.close()
            server = GpuServer(url.rstrip("/"), str(models[0]["id"]))
        else:
            log = new_work_file("gpu-server", ".log")
            try:
                server = start_transformers(log, python=python, model=model, device=device, options=options.split())
            except GpuServerError as error:
                decline(f"{error}.")
        SCOPES.remember(server.stop)
        logger.info(f"{server}{'' if server.has_weights else ': a model without weights, of the same speed'}")
        return server

    @keyword
    def write_gateway_config_for_gpu(self, server: GpuServer) -> Path:
        """Write a gateway's configuration whose one model, `gpu`, is the server's.

        ```robotframework
        ${config} =    Write Gateway Config For Gpu    ${server}
        ${gateway} =    Start Gateway    config=${config}
        ```
        """
        tables = {
            "backends": {MODEL: {"kind": "openai", "base_url": f"{server.url}/v1"}},
            "models": {MODEL: {"route": [{"backend": MODEL, "model": server.model}]}},
        }
        return write_config(new_work_file("gateway-config", ".toml"), tables)

    @keyword
    def name_load_in_telemetry(self, session: TelemetrySession, run: LoadRun, name: str = "run") -> None:
        """Name the time of a load run in the telemetry, from its first stage to the end of its last.

        ```robotframework
        Name Load In Telemetry    ${session}    ${run}
        ```
        """
        session.add_window(name, run.facts.started, run.facts.ended)

    @keyword
    def service_level_should_hold_on_gpu(
        self, run: LoadRun, level: str, telemetry: Telemetry, *, window: str = "run", device: int = 0
    ) -> None:
        """Verify a service level of a load run; a failure has the evidence of what slowed the GPU meanwhile.

        Args:
            run: from `Run Load`.
            level: such as `ttft_p95 < 500 ms` or `error_rate < 1 %`.
            telemetry: of the same time.
            window: of the load run in it.
            device: the GPU's index.

        Raises:
            AssertionError: the level does not hold, or the run is INVALID; with what slowed the GPU.
            SkipExecution: too few requests tell whether it holds, or the machine is too busy for a verdict.
            ServiceLevelError: the level cannot be read.

        ```robotframework
        Service Level Should Hold On Gpu    ${run}    ttft_p95 < 2 s    ${telemetry}
        ```
        """
        asked = parse_service_level(level)
        try:
            shares = slowed_shares(telemetry, telemetry.window(window), device)
            evidence = f"GPU {device}: {annotation(shares) or 'nothing slowed it'}"
        except NotMeasuredError as error:
            evidence = str(error)
        require_valid(run)
        result = judge(run.summary, asked, None, levels=(asked,))
        value = "no number" if result.value is None else f"{result.value:.4g}"
        told = f"{value} {result.note}".rstrip()
        logger.info(f"{level}: {result.verdict}, {told}; {evidence}")
        if result.verdict == "INCONCLUSIVE":
            raise SkipExecution(f"{INCONCLUSIVE} {level} is neither held nor broken for certain: {told}; {evidence}.")
        if result.verdict == "FAIL":
            raise AssertionError(f"{level} does not hold: {told}; {evidence}")

    @keyword
    def get_generated_tokens(self, run: LoadRun) -> int:
        """The number of tokens of all whole answers of a load run.

        Raises:
            AssertionError: no answer has a number of tokens.

        ```robotframework
        ${tokens} =    Get Generated Tokens    ${run}
        Get Energy Per Token    ${telemetry}    ${tokens}
        ```
        """
        samples = run.summary.samples
        counted = samples.output_tokens[samples.answered & (samples.stage >= 0)]
        tokens = int(np.nansum(counted))
        if not tokens:
            raise AssertionError(f"None of {run.summary.answered()} answers has a number of tokens")
        return tokens

    @keyword
    def get_number_of_joined_requests(
        self,
        run: LoadRun,
        telemetry: Telemetry,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
        *,
        device: int = 0,
    ) -> int:
        """Join a load run with the GPU's telemetry, and count the requests in which the GPU was sampled.

        The report with the GPU's signals under the latencies goes to the evidence.

        Raises:
            ValueError: the telemetry was not stored with the load run.
            AssertionError: the comparison failed.

        ```robotframework
        Get Number Of Joined Requests    ${run}    ${telemetry}    >    0
        ```
        """
        if telemetry.run is None:
            raise ValueError("The telemetry is not stored: end it with `Stop Gpu Telemetry`")
        joined = join_requests(run.store, run.run, telemetry.run, device)
        latencies = [(each.sent_s, each.first_content_s) for each in joined if each.first_content_s is not None]
        page = write_report(evidence_folder(), telemetry, latencies=latencies)
        met = sum(each.samples > 0 for each in joined)
        label = f"Requests of {len(joined)} in which GPU {device} was sampled"
        logger.info(f"{label}: {met}; {page}")
        return verify(met, assertion_operator, assertion_expected, label, message)
