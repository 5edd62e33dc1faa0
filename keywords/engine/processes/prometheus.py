"""Prometheus process that scrapes one gateway; it ends with this process."""

from __future__ import annotations

import atexit
import json
import shutil
import subprocess
import tempfile
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any
from urllib.error import URLError

from keywords.engine.machine import Deadline
from keywords.engine.processes.ports import free_port
from keywords.engine.waiting import poll_until

COMMAND = "prometheus"
_SCRAPE_MS = 250
_END_S = 5.0
_POLL_S = 0.1


class PrometheusError(Exception):
    """Prometheus did not start, or refused a query."""


class Prometheus:
    """Scrapes `/metrics` of one gateway four times a second, into a temporary folder.

    Args:
        target: the gateway's address without a path.
        ready_within_s: limit of its start.

    Attributes:
        url: Prometheus' address.

    Raises:
        PrometheusError: it is not installed, or did not get ready.
    """

    def __init__(self, target: str, *, ready_within_s: float = 20.0) -> None:
        command = shutil.which(COMMAND)
        if command is None:
            raise PrometheusError(f"`{COMMAND}` is not on the path; install it (Debian: apt install prometheus)")
        self._folder = Path(tempfile.mkdtemp(prefix="prometheus-"))
        jobs = [{"job_name": "gateway", "static_configs": [{"targets": [urllib.parse.urlsplit(target).netloc]}]}]
        configuration = self._folder / "prometheus.yml"
        # JSON is valid YAML.
        configuration.write_text(
            json.dumps({"global": {"scrape_interval": f"{_SCRAPE_MS}ms"}, "scrape_configs": jobs}), "utf-8"
        )
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._log = self._folder / "log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603  # our own command line
                [
                    command,
                    f"--config.file={configuration}",
                    f"--storage.tsdb.path={self._folder / 'data'}",
                    f"--web.listen-address=127.0.0.1:{port}",
                ],
                stdout=log,
                stderr=log,
            )
        atexit.register(self.stop)
        try:
            self._wait_ready(ready_within_s)
        except BaseException:  # Ctrl-C included: no process may stay behind
            self.stop()
            raise

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """Evaluate a PromQL expression now; returns labels and value of each series.

        Raises:
            PrometheusError: the expression is invalid.
        """
        try:
            answer = self._get(f"/api/v1/query?{urllib.parse.urlencode({'query': expression})}")
        except URLError as error:
            raise PrometheusError(f"Prometheus refused the query {expression!r}: {error}") from error
        return [(series["metric"], float(series["value"][1])) for series in json.loads(answer)["data"]["result"]]

    def stop(self) -> None:
        """Stop the process and remove its data. Calling it again does nothing."""
        atexit.unregister(self.stop)
        self._process.terminate()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=5) as response:  # noqa: S310  # our own http address
            return response.read()

    def _wait_ready(self, within_s: float) -> None:
        process = self._process
        if not poll_until(
            self._is_ready, lambda ready: ready or process.poll() is not None, Deadline(within_s), every_s=_POLL_S
        ):
            log = self._log.read_text("utf-8", "replace")[-1000:]
            raise PrometheusError(f"Prometheus did not get ready within {within_s:g} s:\n{log}")

    def _is_ready(self) -> bool:
        try:
            self._get("/-/ready")
        except (URLError, ConnectionError):
            return False
        return True
