"""Gateway processes: started on a free port, identified by a token, ended with all processes that they started."""

from __future__ import annotations

import atexit
import json
import os
import secrets
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from keywords.engine import clock
from keywords.engine.http import probe
from keywords.engine.machine import Deadline
from keywords.engine.processes import tree
from keywords.engine.processes.gateway_command import CHOSEN, COMMAND
from keywords.engine.processes.guard import GUARD
from keywords.engine.processes.warm_gateways import GATEWAYS
from keywords.engine.redaction.secrets import SECRETS
from keywords.engine.waiting import poll_until
from keywords.engine.warm_start.starter import SUPPORTED, WarmStartError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keywords.engine.processes.tree import Ended
    from keywords.engine.warm_start.starter import ForkedProcess

_LINES_SHOWN = 15


class GatewayProcessError(Exception):
    """A gateway did not start, did not become ready, or has ended; the message ends with its last log lines."""


@dataclass(slots=True)
class GatewayProcess:
    """One running `gateway serve`.

    Attributes:
        log: file with all its output, JSON lines.
        instance: random token that only this process can know.
        api_key: the only key that it accepts.
        url: address without a path; empty until it listens.
    """

    log: Path
    instance: str
    api_key: str = field(repr=False)
    _popen: subprocess.Popen[bytes] | ForkedProcess = field(repr=False)
    _process: psutil.Process = field(repr=False)
    url: str = ""
    _children: set[psutil.Process] = field(default_factory=set, repr=False)
    _may_end: bool = field(default=False, repr=False)  # killed, signalled, stopped, or its end was awaited

    @property
    def pid(self) -> int:
        """Process id of the gateway itself."""
        return self._popen.pid

    def children(self) -> list[psutil.Process]:
        """Find the living processes that the gateway started."""
        self._children |= (found := tree.descendants(self._process))
        return list(found)

    def model_process(self) -> psutil.Process:
        """Find the child that holds the embedded model: the one with the most memory.

        Raises:
            GatewayProcessError: the gateway has no child, so it serves no embedded model.
        """
        weighed = []
        for child in self.children():
            with suppress(psutil.NoSuchProcess):
                weighed.append((child.memory_info().rss, child.pid, child))
        if not weighed:
            raise GatewayProcessError(f"The gateway (process {self.pid}) has no child process that could hold a model.")
        return max(weighed)[2]

    def kill(self) -> None:
        """Kill the gateway itself, as a crash would, and leave its children."""
        self._may_end = True
        self.children()
        self._popen.kill()
        self._popen.wait()

    def send_signal(self, number: int) -> None:
        """Send the gateway itself a signal, without waiting for its effect."""
        self._may_end = True
        self._process.send_signal(number)

    def wait_end(self, within_s: float) -> int:
        """Wait until the gateway has ended by itself; return its exit status, negative if a signal killed it.

        A busy machine is given as much more time as its state explains.

        Raises:
            GatewayProcessError: it still runs.
        """
        status = poll_until(self._popen.poll, lambda status: status is not None, limit := Deadline(within_s))
        if status is None:
            raise GatewayProcessError(f"The gateway still runs after {limit.limit_s:.3g} s.{self._tail()}")
        self._may_end = True
        return status

    def wait_ready(self, within_s: float) -> float:
        """Wait until `/health/ready` answers 200.

        A busy machine is given as much more time as its state explains.

        Returns:
            The waiting time in seconds.

        Raises:
            GatewayProcessError: it ended, or was not ready in time.
        """
        started, answer = clock.now(), "it answered nothing"

        def ask() -> float | None:
            nonlocal answer
            self._check_running()
            waited_s = clock.now() - started
            status, body = probe.fetch(f"{self.url}/health/ready")
            if status is not None:
                answer = f"it last answered {status} {body[:300].decode(errors='replace')}"
            return waited_s if status == probe.OK else None

        waited_s = poll_until(ask, lambda waited_s: waited_s is not None, limit := Deadline(within_s))
        if waited_s is None:
            raise GatewayProcessError(
                f"The gateway at {self.url} was not ready within {limit.limit_s:.3g} s: {answer}.{self._tail()}"
            )
        self.children()
        return waited_s

    def stop(self) -> Ended:
        """End the gateway and all processes that it started; further calls have no effect."""
        atexit.unregister(self.stop)
        crashed = None if self._may_end else self._popen.poll()
        self._may_end = True
        self.children()
        ended = tree.end(self._process, self._children)
        self._popen.wait()
        GUARD.release(self.pid)
        return replace(ended, crashed=crashed)

    def _await_url(self, within_s: float) -> None:
        def read() -> str | None:
            url = _listening_url(self.log.read_text("utf-8", "replace"))
            if url is None:
                self._check_running()
            return url

        url = poll_until(read, bool, limit := Deadline(within_s))
        if url is None:
            raise GatewayProcessError(
                f"The gateway did not say within {limit.limit_s:.3g} s where it listens.{self._tail()}"
            )
        self.url = url

    def _check_instance(self) -> None:
        status, body = probe.fetch(f"{self.url}/health")
        instance = None
        with suppress(ValueError, KeyError, TypeError):
            instance = json.loads(body)["instance"]
        if instance != self.instance:
            raise GatewayProcessError(
                f"Another server answers at {self.url}, or the gateway does not know itself: /health gave {status} "
                f"with instance {instance!r} instead of {self.instance!r}. If another server listens there, stop it."
                f"{self._tail()}"
            )

    def _check_running(self) -> None:
        if (rc := self._popen.poll()) is not None:
            raise GatewayProcessError(f"The gateway ended by itself with exit status {rc}.{self._tail()}")

    def _tail(self) -> str:
        log = SECRETS.redact(self.log.read_bytes()).decode("utf-8", "replace")
        lines = [line for line in log.splitlines() if '"path":"/health' not in line]  # this class asks for those
        return "\n".join((f"\nLast lines of {self.log}:", *lines[-_LINES_SHOWN:]))


def start_gateway(
    *,
    config: Path | None,
    log: Path,
    ready_within_s: float,
    environment: Mapping[str, str] | None = None,
    warm: bool = False,
) -> GatewayProcess:
    """Start `gateway serve` on a free port of 127.0.0.1 and wait until it is ready.

    Ctrl-C in the terminal reaches only the caller, who still has to run teardowns. The gateway never outlives the
    caller: it is ended by `stop`, at interpreter exit, or by the guard if the caller is killed.

    Args:
        config: configuration file; the built-in one by default.
        log: file for its output, replaced. Its folder is the gateway's working directory, so that no `gateway.toml` of
            the user replaces the built-in configuration.
        ready_within_s: time limit for the whole start, in seconds; more on a busy machine, as its state explains.
        environment: variables that override those of this process and the generated key.
        warm: fork it from an interpreter that has already imported it, if the platform supports this and no other
            command replaces `gateway`. Imports are nine tenths of the time of a start; otherwise the starts are equal.

    Raises:
        GatewayProcessError: it ended, was not ready in time, or another server answered at its address.
    """
    gateway = _launch(config, log.resolve(), environment or {}, warm=warm and SUPPORTED and not CHOSEN)
    deadline = Deadline(ready_within_s)
    try:
        gateway._await_url(ready_within_s)  # noqa: SLF001  (this function is the class's only maker)
        gateway._check_instance()  # noqa: SLF001
        gateway.wait_ready(max(0.0, deadline.left_s()))
    except BaseException:  # Ctrl-C too must leave no process behind
        gateway.stop()
        raise
    return gateway


def _launch(config: Path | None, log: Path, further: Mapping[str, str], *, warm: bool) -> GatewayProcess:
    instance, api_key = secrets.token_hex(8), f"qa-{secrets.token_hex(16)}"
    SECRETS.protect(api_key)  # the message of a failed start quotes its log
    file = [] if config is None else ["--config", str(config.resolve())]
    arguments = ["serve", "--host", "127.0.0.1", "--port", "0", *file]
    environment = {**os.environ, "GATEWAY_API_KEYS": api_key, "GATEWAY_INSTANCE": instance, **further}
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_bytes(b"")
    popen: subprocess.Popen[bytes] | ForkedProcess
    with log.open("ab") as sink, Path(os.devnull).open("rb") as nothing:
        if warm:
            descriptors = (nothing.fileno(), sink.fileno(), sink.fileno())
            try:
                popen = GATEWAYS.start(
                    "gateway", arguments, cwd=log.parent, environment=environment, descriptors=descriptors
                )
            except WarmStartError as error:
                raise GatewayProcessError(str(error)) from error
        else:
            popen = subprocess.Popen(  # noqa: S603  (our own command; the file name comes from a row)
                [*COMMAND, *arguments],
                cwd=log.parent,
                env=environment,
                stdin=nothing,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                creationflags=tree.NEW_GROUP,
            )
    GUARD.watch(popen.pid)
    gateway = GatewayProcess(log, instance, api_key, popen, psutil.Process(popen.pid))
    atexit.register(gateway.stop)
    return gateway


def _listening_url(text: str) -> str | None:
    for line in text.splitlines():
        if '"listening"' not in line:
            continue
        with suppress(ValueError):  # the line is still being written
            event: Any = json.loads(line)
            if isinstance(event, dict) and event.get("event") == "listening":
                return str(event["url"])
    return None
