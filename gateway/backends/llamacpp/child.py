"""The child process of the embedded backend: llama.cpp's own HTTP server on a free port of 127.0.0.1.

A process of its own, because llama.cpp aborts the whole process on some errors, and because its threads would
otherwise compete with the event loop for the interpreter. It imports nothing of the gateway, so it starts fast.

Once the model is loaded it prints one JSON line, `{"url": "http://127.0.0.1:PORT"}`, to standard output. It ends
when its standard input ends, that is when its parent does, whatever way and on whatever platform that happens.
llama.cpp's warnings and errors go to standard error.
"""

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

WARNINGS = 2
"""llama.cpp's verbosity that shows warnings and errors only."""


class _Threads(NamedTuple):
    reading: int
    answering: int


def main() -> None:
    """Serve until standard input ends."""
    asked = _arguments()
    # A terminal sends Ctrl-C to the whole group, and systemd SIGTERM; the parent decides when the child goes, after its
    # last requests.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()

    threads = _threads()
    if threads and threads.answering == 1:
        # Before the library is loaded, which reads it once.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    to_parent = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints must not mix with the address
    try:
        import xllamacpp  # noqa: PLC0415  after the watcher: it takes time in which the parent may end
    except ImportError as error:
        remedy = " (Debian, Ubuntu: apt install libgomp1)" if "libgomp" in str(error) else ""
        _fail(f"llama.cpp cannot be loaded: {error}. Install what it names{remedy}.")

    try:
        parameters = _parameters(xllamacpp.CommonParams(), asked, threads, xllamacpp.llama_pooling_type)
        server = xllamacpp.Server(parameters)
    except RuntimeError as error:
        _fail(str(error))
    to_parent.write(json.dumps({"url": server.listening_address}) + "\n")
    to_parent.flush()
    threading.Event().wait()


def _fail(cause: str) -> NoReturn:
    """End with 1 and the cause, in the form of llama.cpp's own lines.

    At once: the interpreter's way out would close standard output first, and the parent then standard input, which
    ends this process with 0.
    """
    sys.stderr.write(f"0 E {cause}\n")
    sys.stderr.flush()
    os._exit(1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="GGUF file")
    parser.add_argument("--alias", required=True, help="model id that answers carry")
    parser.add_argument("--context-tokens", type=int, required=True, help="tokens of prompt and answer, per slot")
    parser.add_argument("--slots", type=int, required=True, help="requests computed at the same time")
    parser.add_argument("--cache-prompt", action="store_true", help="keep a slot's prompt for the next request")
    parser.add_argument("--embeddings", choices=("model", "mean", "cls", "last"), help="how tokens' vectors become one")
    return parser.parse_args()


def _parameters(parameters: Any, asked: argparse.Namespace, threads: _Threads | None, pooling: Any) -> Any:
    """Fill in llama.cpp's parameters; names and defaults are those of its `common/common.h`."""
    parameters.model.path = str(asked.model)
    parameters.model_alias = {asked.alias}
    parameters.n_parallel = asked.slots
    parameters.n_ctx = asked.context_tokens * asked.slots  # llama.cpp divides it among the slots
    parameters.ctx_shift = False  # a prompt that does not fit is refused, never cut
    parameters.cache_prompt = asked.cache_prompt
    if not asked.cache_prompt:
        parameters.cache_ram_mib = 0  # else finished prompts are kept in up to 8 GiB of memory
        parameters.cache_idle_slots = False
    if threads:
        parameters.cpuparams.n_threads = threads.answering
        parameters.cpuparams_batch.n_threads = threads.reading
    if asked.embeddings is not None:
        parameters.embedding = True
        # A text is read at once, for its vector is made of all of its tokens'.
        parameters.n_batch = parameters.n_ubatch = asked.context_tokens
        if asked.embeddings != "model":
            parameters.pooling_type = getattr(pooling, f"LLAMA_POOLING_TYPE_{asked.embeddings.upper()}")
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0  # a free one
    parameters.cors_origins = ""  # no web page of this machine's browser is to reach the model past the gateway
    parameters.endpoint_slots = False  # it would show other clients' prompts
    parameters.ui = False
    parameters.verbosity = WARNINGS
    return parameters


def _threads() -> _Threads | None:
    """A thread per physical core, but one CPU is left free, and at most eight; None leaves it to llama.cpp.

    llama.cpp's threads wait for each other, spinning, several hundred times per token, so one that has to share its
    CPU with the gateway or a client holds all of them up. On two CPUs, both busy with something else besides, one
    thread still makes 80 tokens/s and two make 20; undisturbed, one makes 148 and two make 170. Beyond eight, threads
    wait for memory. Elsewhere than on Linux llama.cpp's own choice stands: it counts the fast cores.

    Where a single thread answers, nothing is lost when waiting threads sleep instead (`OMP_WAIT_POLICY`), and then a
    prompt, whose tokens are read 512 at a time, may have the other CPU too: 450 tokens/s in place of 240 undisturbed,
    and no less than one thread reads beside one busy program or two. Sleeping would cost two answering threads two
    thirds of their speed.
    """
    if sys.platform != "linux":
        return None
    cpus = os.sched_getaffinity(0)
    cores = {_read(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list") or str(cpu) for cpu in cpus}
    usable = len(cpus)
    quota, _, period = _read("/sys/fs/cgroup/cpu.max").partition(" ")  # a container's CPU limit, in microseconds
    if quota.isdigit():
        usable = min(usable, round(int(quota) / int(period)))
    answering = max(1, min(8, len(cores), usable - 1))
    return _Threads(max(1, min(len(cores), usable)) if answering == 1 else answering, answering)


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _end_with_parent() -> None:
    """Read standard input to its end, then leave at once: there is nobody left to answer to."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
