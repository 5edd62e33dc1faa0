"""Work that is put on a GPU: vector addition with a checked result, copies and matrix products with their speed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from keywords.engine.gpu.cuda.program import NO_LIBRARY

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAM: Final = Path(__file__).parent / "cuda" / "program.py"
SOURCE: Final = Path(__file__).parent / "cuda" / "vector_add.cu"
Work = Literal["vector-add", "copy", "matmul"]
_STARTS_WITHIN_S: Final = 120.0
"""PyTorch takes some ten seconds to import from a cold disk, and the first use of CUDA loads its kernels."""
_COMPILES_WITHIN_S: Final = 120.0


class NoToolError(Exception):
    """Nothing on this machine can do the work; the message has the reason and the remedy."""


class WorkloadError(Exception):
    """The work failed; the message has what it printed."""


@dataclass(frozen=True, slots=True)
class Workload:
    """What came of a work.

    Attributes:
        tool: what did it, such as `torch 2.9.0` or `nvcc`.
        numbers: what it printed, such as `wrong`, `bytes_per_s` or `operations_per_s`.
    """

    tool: str
    numbers: dict[str, Any]

    @property
    def ends(self) -> tuple[float, float]:
        """Beginning and end of the measured part, in seconds on the suite's clock."""
        return float(self.numbers["began_s"]), float(self.numbers["ended_s"])


def run_program(
    work: Work, *, device: int = 0, seconds: float = 5.0, python: str = "", more: Sequence[str] = ()
) -> Workload:
    """Let a Python with PyTorch (for vector addition also CuPy or Numba) do a work.

    Args:
        work: which one.
        device: the GPU's index, as CUDA counts them.
        seconds: how long to copy or multiply.
        python: the interpreter; this one if empty.
        more: further options of the program.

    Raises:
        NoToolError: this Python has no such library, or the library finds no device.
        WorkloadError: the work failed, or did not end.
    """
    command = [
        python or sys.executable,
        str(PROGRAM),
        work,
        "--device",
        str(device),
        "--seconds",
        f"{seconds:g}",
        *more,
    ]
    done = _run(command, _STARTS_WITHIN_S + seconds)
    if done.returncode == NO_LIBRARY:
        raise NoToolError(
            f"{command[0]} can put no load on the GPU: {done.stderr.strip()}. Name a Python with PyTorch for CUDA, by "
            f"-v GPU_PYTHON:/path/python"
        )
    try:
        printed = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else None
    except (ValueError, IndexError):
        printed = None
    if not isinstance(printed, dict):
        raise WorkloadError(f"{work} ended with {done.returncode}: {(done.stderr or done.stdout).strip()[-500:]}")
    return Workload(f"{printed.pop('library')} {printed.pop('version')}", printed)


def add_by_nvcc(device: int = 0) -> Workload:
    """Compile `vector_add.cu` and run it.

    Raises:
        NoToolError: there is no `nvcc` on the path.
        WorkloadError: it does not compile, or fails.
    """
    compiler = shutil.which("nvcc")
    if compiler is None:
        raise NoToolError("There is no `nvcc` on the path: install NVIDIA's CUDA toolkit")
    with tempfile.TemporaryDirectory() as folder:
        program = str(Path(folder) / "vector_add")
        compiled = _run([compiler, "-o", program, str(SOURCE)], _COMPILES_WITHIN_S)
        if compiled.returncode:
            raise WorkloadError(f"`nvcc` ended with {compiled.returncode}: {compiled.stderr.strip()[-500:]}")
        done = _run([program, str(device)], _STARTS_WITHIN_S)
    if done.returncode or not done.stdout.strip().isdecimal():
        raise WorkloadError(f"vector_add ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    return Workload("nvcc", {"wrong": int(done.stdout)})


def _run(command: list[str], within_s: float) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=within_s, check=False)  # noqa: S603  # our own
    except subprocess.TimeoutExpired:
        raise WorkloadError(f"{Path(command[0]).name} did not end within {within_s:g} s") from None
    except OSError as error:
        raise NoToolError(f"{command[0]} cannot be started: {error.strerror}") from None
