"""An interpreter that has already imported modules, and forks a new process for each order.

Run as `python interpreter.py MODULE ...`, it imports the modules, then takes orders from its standard input, a socket
that keeps messages apart, and writes news to standard output, one JSON object per line. It ends when its input ends;
the processes that it started continue.

- order: `{"module": "...", "arguments": [...], "cwd": "...", "environment": {...}}`, with the descriptors of the new
  process's standard input, output and error
- news: `{"started": PID}` for each order, in their sequence; `{"ended": PID, "status": N}` when a process has ended,
  where a negative status is the number of the signal that ended it.

Linux only, see `starter.SUPPORTED`: it cannot be run on Windows, which has no `fork`, and is not run on macOS.
"""

import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
from typing import Any

if sys.platform == "win32":
    raise ImportError("Windows has no fork")

PIPE_BYTES = 65_536
ORDER_BYTES = 1 << 20


def main() -> None:
    """Import the modules, then obey orders until standard input ends."""
    for module in sys.argv[1:]:
        importlib.import_module(module)
    gc.collect()
    # Otherwise the first collection in each process would copy all memory pages that they share.
    gc.freeze()
    orders = socket.socket(fileno=0)
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        ready, _, _ = select.select([orders.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, PIPE_BYTES)
            _tell_ended()
        if orders.fileno() in ready:
            order, descriptors, _, _ = socket.recv_fds(orders, ORDER_BYTES, 3)
            if not order:
                return
            _start(json.loads(order), descriptors, orders, (woken, wake))


def _start(order: dict[str, Any], descriptors: list[int], orders: socket.socket, own: tuple[int, ...]) -> None:
    if pid := os.fork():
        for descriptor in descriptors:
            os.close(descriptor)
        try:
            _tell({"started": pid})
        except BrokenPipeError:
            # No process is left that would end it.
            os.kill(pid, signal.SIGKILL)
        return
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    orders.detach()
    for target, descriptor in enumerate(descriptors):
        os.dup2(descriptor, target)
    for descriptor in (*own, *descriptors):
        os.close(descriptor)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["environment"])
    # As `python -m` does.
    sys.path.insert(0, order["cwd"])
    sys.argv = [order["module"], *order["arguments"]]
    runpy.run_module(order["module"], run_name="__main__", alter_sys=True)
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
