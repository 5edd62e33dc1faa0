"""Work for a GPU, whose result is checked or whose speed is measured: `python program.py vector-add|copy|matmul`.

It stands alone, as the Python that has PyTorch, CuPy or Numba need not be the one that runs the rows. It prints one
JSON object: the result, the library, and when it began and ended by `time.perf_counter`, the suite's clock.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import time
from typing import Any

LIBRARIES = ("torch", "cupy", "numba")
NO_LIBRARY = 3
"""Exit status if none of the libraries is installed, or the one that is finds no CUDA device."""
NUMBERS = 1 << 20
MATRIX = 8192
"""Rows and columns; its product of bfloat16 keeps all multiprocessors of an H200 busy for milliseconds."""
COPY_BYTES = 4 << 30
"""So much that caches do not matter; less where the memory is smaller."""
SHARE_OF_FREE_MEMORY = 0.2
ROUNDS_BETWEEN_LOOKS = 20


def main() -> int:
    """Do one kind of work and print what came of it."""
    parser = argparse.ArgumentParser(prog="program.py")
    parser.add_argument("work", choices=("vector-add", "copy", "matmul"))
    parser.add_argument("--device", type=int, default=0, help="index of the GPU, as CUDA counts them")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long to copy or multiply")
    parser.add_argument(
        "--on", choices=("cuda", "cpu"), default="cuda", help="cpu tries the program itself, with PyTorch"
    )
    parser.add_argument("--size", type=int, help="rows of the matrix, or bytes of the copy")
    options = parser.parse_args()
    reasons = []
    for library in LIBRARIES if options.work == "vector-add" else LIBRARIES[:1]:
        if importlib.util.find_spec(library) is None:
            reasons.append(f"{library} is not installed")
            continue
        try:
            result = WORKS[options.work, library](options)
        except NoDeviceError as error:
            reasons.append(f"{library}: {error}")
            continue
        print(json.dumps({"library": library, **result}))  # noqa: T201  # the caller reads it
        return 0
    print("; ".join(reasons), file=sys.stderr)  # noqa: T201  # as above
    return NO_LIBRARY


class NoDeviceError(Exception):
    """A library is there and finds no device."""


def add_by_torch(options: argparse.Namespace) -> dict[str, Any]:
    """Add two vectors by PyTorch, and compare each sum with that of the processor."""
    torch, device = torch_on(options)
    numbers = torch.arange(NUMBERS, dtype=torch.float32)
    sums = (numbers.to(device) + (2 * numbers + 1).to(device)).cpu()
    wrong = int((sums != 3 * numbers + 1).sum())
    return {"version": torch.__version__, "numbers": NUMBERS, "wrong": wrong}


def add_by_cupy(options: argparse.Namespace) -> dict[str, Any]:
    """The same by CuPy."""
    import cupy  # noqa: PLC0415

    try:
        with cupy.cuda.Device(options.device):
            numbers = cupy.arange(NUMBERS, dtype=cupy.float64)
            sums = cupy.asnumpy(numbers + (2 * numbers + 1))
    except cupy.cuda.runtime.CUDARuntimeError as error:
        raise NoDeviceError(str(error)) from None
    wrong = sum(int(value) != 3 * place + 1 for place, value in enumerate(sums))
    return {"version": cupy.__version__, "numbers": NUMBERS, "wrong": wrong}


def add_by_numba(options: argparse.Namespace) -> dict[str, Any]:
    """The same by a kernel of Numba."""
    import numba  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415
    from numba import cuda  # noqa: PLC0415

    if not cuda.is_available():
        raise NoDeviceError("no CUDA device")
    cuda.select_device(options.device)

    @cuda.jit  # type: ignore[untyped-decorator]
    def add(left: Any, right: Any, sums: Any) -> None:
        place = cuda.grid(1)
        if place < sums.size:
            sums[place] = left[place] + right[place]

    numbers = np.arange(NUMBERS, dtype=np.float64)
    sums = np.zeros_like(numbers)
    add[NUMBERS // 256, 256](numbers, 2 * numbers + 1, sums)
    return {"version": numba.__version__, "numbers": NUMBERS, "wrong": int((sums != 3 * numbers + 1).sum())}


def copy(options: argparse.Namespace) -> dict[str, Any]:
    """Copy memory of the device to itself; the bytes that are read and those that are written both count."""
    torch, device = torch_on(options)
    size = options.size or COPY_BYTES
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        size = min(size, int(free * SHARE_OF_FREE_MEMORY))
    source = torch.ones(size, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    began, ended, rounds = repeat(torch, device, options.seconds, lambda: target.copy_(source))
    speed = 2 * size * rounds / (ended - began)
    return {"version": torch.__version__, "began_s": began, "ended_s": ended, "bytes": size, "bytes_per_s": speed}


def matmul(options: argparse.Namespace) -> dict[str, Any]:
    """Multiply matrices of bfloat16; two operations for each of the n^3 products."""
    torch, device = torch_on(options)
    size = options.size or MATRIX
    left, right = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))
    began, ended, rounds = repeat(torch, device, options.seconds, lambda: left @ right)
    speed = 2 * size**3 * rounds / (ended - began)
    return {"version": torch.__version__, "began_s": began, "ended_s": ended, "size": size, "operations_per_s": speed}


def repeat(torch: Any, device: Any, seconds: float, work: Any) -> tuple[float, float, int]:
    """Do something again and again; the first three times, which may load code, are not counted."""

    def wait() -> None:
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    for _ in range(3):
        work()
    wait()
    began, rounds = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        for _ in range(ROUNDS_BETWEEN_LOOKS):
            work()
        wait()
        rounds += ROUNDS_BETWEEN_LOOKS
    return began, time.perf_counter(), rounds


def torch_on(options: argparse.Namespace) -> tuple[Any, Any]:
    """PyTorch, and the device."""
    import torch  # noqa: PLC0415

    if options.on == "cpu":
        return torch, torch.device("cpu")
    if not torch.cuda.is_available():
        raise NoDeviceError("it finds no CUDA device")
    if options.device >= torch.cuda.device_count():
        raise NoDeviceError(f"it finds no device {options.device}")
    return torch, torch.device("cuda", options.device)


WORKS: dict[tuple[str, str], Any] = {
    ("vector-add", "torch"): add_by_torch,
    ("vector-add", "cupy"): add_by_cupy,
    ("vector-add", "numba"): add_by_numba,
    ("copy", "torch"): copy,
    ("matmul", "torch"): matmul,
}

if __name__ == "__main__":
    sys.exit(main())
