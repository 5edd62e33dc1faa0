"""A server that generates on a GPU: one that runs already, or our own around transformers, started for a load run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from keywords.engine.processes.guard import GUARD

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROOT: Final = Path(__file__).resolve().parents[3]
_READY_WITHIN_S: Final = 150.0
"""A model of 8 billion parameters is drawn on the GPU in seconds; reading weights from a cold disk takes longer."""


class GpuServerError(Exception):
    """The server does not start; the message has its own last words and the remedy."""


@dataclass(slots=True)
class GpuServer:
    """A server that is ready.

    Attributes:
        url: address without a path.
        model: the id that it asks for; begins with `random-` where there are no weights.
        facts: what it says of itself, such as `weight_bytes` and `cache_bytes`.
        process: behind it; None if somebody else started it.
    """

    url: str
    model: str
    facts: dict[str, Any] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = field(default=None, repr=False)

    @property
    def has_weights(self) -> bool:
        """Whether the model was trained; one without weights answers nonsense, at the same speed."""
        return not self.model.startswith("random-")

    def stop(self) -> None:
        """End the process, if it is ours."""
        if self.process is None:
            return
        GUARD.release(self.process.pid)
        if self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_transformers(
    log: Path, *, python: str = "", model: str = "random:1b", device: str = "cuda:0", options: Sequence[str] = ()
) -> GpuServer:
    """Start `ops/serve_transformers.py`.

    Args:
        log: for what it prints beside its address.
        python: with PyTorch and transformers; the one that runs this if empty.
        model: a folder of transformers, or `random:tiny`, `random:1b`, `random:8b`.
        device: such as `cuda:0`.
        options: further ones of the program, such as `--rows 1`.

    Raises:
        GpuServerError: it ended before it was ready, or was not ready in time.
    """
    command = [python or sys.executable, "-m", "ops.serve_transformers", "--model", model, "--device", device, *options]
    with log.open("w") as errors:
        try:
            process = subprocess.Popen(  # noqa: S603  # our own program
                command,
                cwd=_ROOT,
                env={**os.environ, "PYTHONPATH": str(_ROOT), "CUDA_DEVICE_ORDER": "PCI_BUS_ID"},
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        except OSError as error:
            raise GpuServerError(f"{command[0]} cannot be started: {error.strerror}") from None
    GUARD.watch(process.pid)
    watchdog = threading.Timer(_READY_WITHIN_S, process.kill)
    watchdog.start()
    assert process.stdout is not None  # noqa: S101  # a pipe
    with process.stdout:
        line = process.stdout.readline()
    watchdog.cancel()
    with suppress(ValueError, KeyError):
        facts = json.loads(line)
        return GpuServer(facts["url"], facts["model"], facts, process)
    GUARD.release(process.pid)
    process.kill()
    process.wait()
    said = log.read_text("utf-8", "replace").strip().splitlines()
    why = said[-1] if said else f"it was not ready within {_READY_WITHIN_S:g} s"
    raise GpuServerError(
        f"`python -m ops.serve_transformers` does not start: {why}. Name a Python with PyTorch for CUDA and "
        f"transformers by -v GPU_PYTHON:/path/python, or a server that runs by -v GPU_SERVER_URL:http://host:port"
    )
