"""One kind against one gateway: its memory, and how long others wait meanwhile."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psutil

from keywords.engine import clock
from keywords.engine.statistics.percentiles import percentile, values_needed

if TYPE_CHECKING:
    from keywords.engine.processes.gateway import GatewayProcess

RSS_MB = 64.0
HEALTH_MS = 250.0
# A probe's start to the next one's: 500 in 10 s, where a p99 needs 299.
_EVERY_S = 0.02
_PROBE_S = 10.0
_LOOK_S = 0.05
# The first requests load code and fill caches.
_WARMING = 50
# Beyond its time, the attacker may take so long to start and end.
_ATTACKER_S = 30.0


class AttackError(Exception):
    """The attacker failed; the message ends with its last output."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one kind did.

    Attributes:
        kind: its name.
        connections: number of connections that it made.
        sent_mb: what it sent, in 10^6 bytes.
        rss_before_mb: the gateway's resident memory before, in 10^6 bytes.
        rss_growth_mb: by how much it rose at most.
        health_ms: the p99 of a new connection's `GET /health`; the maximum where there are too few values.
        probes: number of those requests.
        failed: how many of them got no 200 within 10 s; they count with the time until they failed.
    """

    kind: str
    connections: int
    sent_mb: float
    rss_before_mb: float
    rss_growth_mb: float
    health_ms: float
    probes: int
    failed: int

    @property
    def is_within_bounds(self) -> bool:
        """Whether the gateway held."""
        return self.rss_growth_mb <= RSS_MB and self.health_ms <= HEALTH_MS and not self.failed


def measure(kind: str, gateway: GatewayProcess, seconds: float) -> Result:
    """Attack a fresh gateway with one kind.

    Raises:
        AttackError: the attacker failed, or made no connection.
    """
    address = urlsplit(gateway.url)
    host, port = address.hostname or "", address.port or 0
    for _ in range(_WARMING):
        _probe(host, port)
    process = psutil.Process(gateway.pid)
    memory = _Memory(process)
    command = [sys.executable, "-m", "ops.bench.hostile.attacker", kind, host, str(port), str(seconds)]
    with subprocess.Popen(  # noqa: S603  # our own module
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
    ) as attacker:
        try:
            waits, failed = _probes(host, port, attacker, memory)
            output, errors = attacker.communicate(timeout=_ATTACKER_S)
        finally:
            attacker.kill()
            memory.stop()
    if attacker.returncode:
        raise AttackError(f"{kind}: the attacker failed: {errors.decode(errors='replace').strip()[-300:]}")
    effort = json.loads(output)
    if not effort["connections"]:
        raise AttackError(f"{kind}: no connection could be made")
    return Result(
        kind,
        effort["connections"],
        effort["sent_bytes"] / 1e6,
        memory.before_mb,
        memory.highest_mb - memory.before_mb,
        percentile(waits, 99) if len(waits) >= values_needed(99) else max(waits),
        len(waits),
        failed,
    )


class _Memory:
    """Watches a process' resident memory until it is stopped."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self.before_mb = self.highest_mb = self._rss_mb()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._is_over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._is_over.wait(_LOOK_S):
            self.highest_mb = max(self.highest_mb, self._rss_mb())

    def _rss_mb(self) -> float:
        rss: int = self._process.memory_info().rss
        return rss / 1e6


def _probes(host: str, port: int, attacker: subprocess.Popen[bytes], memory: _Memory) -> tuple[list[float], int]:
    """Ask `/health` until the attacker ends: the waits in ms, and how many of them got no 200."""
    waits, failed = [], 0
    while attacker.poll() is None:
        began = clock.now()
        failed += not _probe(host, port)
        took_s = clock.now() - began
        waits.append(took_s * 1000)
        time.sleep(max(0.0, _EVERY_S - took_s))
    memory.stop()
    return waits, failed


def _probe(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=_PROBE_S)
    try:
        connection.request("GET", "/health")
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return answer.status == HTTPStatus.OK
