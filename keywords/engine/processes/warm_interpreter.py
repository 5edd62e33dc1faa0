"""An interpreter that has already imported a program, and forks a new process of it for each order.

Run as `python warm_interpreter.py PROGRAM MODULE ...`, it imports the modules, then reads orders from standard input
and writes news to standard output, each as one JSON object per line. It ends when its input ends; the processes that it
started continue.

- order: `{"arguments": [...], "cwd": "...", "environment": {...}, "output": "file"}`
- news: `{"started": PID}` for each order, in their sequence; `{"ended": PID, "status": N}` when a process has ended,
  where a negative status is the number of the signal that ended it.

Linux only, see `warm_start.SUPPORTED`: it cannot be run on Windows, which has no `fork`, and is not run on macOS.
"""

import gc
import importlib
import json
import os
import runpy
import select
import signal
import sys
from typing import Any

if sys.platform == "win32":
    raise ImportError("Windows has no fork")

PIPE_BYTES = 65_536


def main() -> None:
    """Import the modules, then obey orders until standard input ends."""
    program, *modules = sys.argv[1:]
    for module in modules:
        importlib.import_module(module)
    gc.collect()
    # Otherwise the first collection in each process would copy all memory pages that they share.
    gc.freeze()
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    rest = b""
    while True:
        ready, _, _ = select.select([0, woken], [], [])
        if woken in ready:
            os.read(woken, PIPE_BYTES)
            _tell_ended()
        if 0 in ready:
            read = os.read(0, PIPE_BYTES)
            if not read:
                return
            *orders, rest = (rest + read).split(b"\n")
            for order in orders:
                _start(program, json.loads(order), (woken, wake))


def _start(program: str, order: dict[str, Any], own: tuple[int, ...]) -> None:
    if pid := os.fork():
        try:
            _tell({"started": pid})
        except BrokenPipeError:
            # No process is left that would end it.
            os.kill(pid, signal.SIGKILL)
        return
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    for descriptor in own:
        os.close(descriptor)
    nothing = os.open(os.devnull, os.O_RDONLY)
    output = os.open(order["output"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for descriptor, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(descriptor, target)
    os.close(nothing)
    os.close(output)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["environment"])
    sys.argv = [program, *order["arguments"]]
    runpy.run_module(program, run_name="__main__", alter_sys=True)
    sys.exit()


def _tell_ended() -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        _tell({"ended": pid, "status": os.waitstatus_to_exitcode(status)})


def _tell(news: dict[str, Any]) -> None:
    os.write(1, json.dumps(news).encode() + b"\n")


if __name__ == "__main__":
    main()
