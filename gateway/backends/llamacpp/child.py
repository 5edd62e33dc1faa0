"""The child process of the embedded backend: llama.cpp's own HTTP server on a free port of 127.0.0.1.

It is a separate process because llama.cpp aborts the whole process on some errors, and because its threads would
compete with the event loop for the interpreter. It imports nothing of the gateway, so that it starts fast.

Once the model is loaded, it prints one JSON line, `{"url": "http://127.0.0.1:PORT"}`, to standard output. It ends when
its standard input ends: when its parent ends, in whatever way and on whatever platform. llama.cpp's warnings and errors
go to standard error.
"""

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any, NoReturn

BATCH_TOKENS = 256
"""Tokens that one step reads of prompts; between two steps llama.cpp drops what its clients left, and sends tokens.

With its own 2,048, a client that left while its prompt was read kept a busy machine's model for 27 s, now for 2.5 s.
"""
WARNINGS = 2
"""llama.cpp's verbosity that shows warnings and errors only."""


def main() -> None:
    """Serve until standard input ends."""
    arguments = _arguments()
    # A terminal sends Ctrl-C to the whole process group, and systemd sends it SIGTERM; but the parent ends the child,
    # after its last requests.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()

    to_parent = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    # What a library prints must not mix with the address.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        import xllamacpp  # noqa: PLC0415  # after the thread starts: the parent may end during this import
    except ImportError as error:
        remedy = " (Debian, Ubuntu: apt install libgomp1)" if "libgomp" in str(error) else ""
        _fail(f"llama.cpp cannot be loaded: {error}. Install what it names{remedy}.")

    try:
        parameters = _parameters(xllamacpp.CommonParams(), arguments, xllamacpp.llama_pooling_type)
        server = xllamacpp.Server(parameters)
    except RuntimeError as error:
        _fail(str(error))
    to_parent.write(json.dumps({"url": server.listening_address}) + "\n")
    to_parent.flush()
    threading.Event().wait()


def _fail(cause: str) -> NoReturn:
    """Write the cause in the form of llama.cpp's own lines, and end with exit code 1.

    `sys.exit` would close standard output first; the parent would then close standard input, which ends this process
    with exit code 0.
    """
    sys.stderr.write(f"0 E {cause}\n")
    sys.stderr.flush()
    os._exit(1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="GGUF file")
    parser.add_argument("--alias", required=True, help="model id in answers")
    parser.add_argument("--context-tokens", type=_count, required=True, help="tokens of prompt and answer, per slot")
    parser.add_argument("--slots", type=_count, required=True, help="requests computed at the same time")
    parser.add_argument("--threads", type=_count, help="threads that generate answers; llama.cpp chooses by default")
    parser.add_argument("--prompt-threads", type=_count, help="threads that read prompts; llama.cpp chooses by default")
    parser.add_argument("--cache-prompt", action="store_true", help="keep a slot's prompt for the next request")
    parser.add_argument("--embeddings", choices=("model", "mean", "cls", "last"), help="how tokens' vectors become one")
    return parser.parse_args()


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"is '{text}'; give a whole number from 1 on")
    return int(text)


def _parameters(parameters: Any, arguments: argparse.Namespace, pooling: Any) -> Any:
    """Fill in llama.cpp's parameters. Source of names and defaults: its `common/common.h`."""
    parameters.model.path = str(arguments.model)
    parameters.model_alias = {arguments.alias}
    parameters.n_parallel = arguments.slots
    # llama.cpp divides it among the slots.
    parameters.n_ctx = arguments.context_tokens * arguments.slots
    # A prompt that does not fit is refused, never cut.
    parameters.ctx_shift = False
    parameters.n_batch = BATCH_TOKENS
    parameters.cache_prompt = arguments.cache_prompt
    if not arguments.cache_prompt:
        # By default finished prompts are kept in up to 8 GiB of memory.
        parameters.cache_ram_mib = 0
        parameters.cache_idle_slots = False
    if arguments.threads is not None:
        parameters.cpuparams.n_threads = arguments.threads
    if arguments.prompt_threads is not None:
        parameters.cpuparams_batch.n_threads = arguments.prompt_threads
    if arguments.embeddings is not None:
        parameters.embedding = True
        # If each slot had its own cache, llama.cpp would divide texts of different lengths that it reads together among
        # several steps, and make each vector of its text's last step alone.
        parameters.kv_unified = True
        # Otherwise one request could use the cache of all slots.
        parameters.kv_unified_per_slot = arguments.context_tokens
        # A text's vector is made of the vectors of all its tokens, so it is read in one batch.
        parameters.n_batch = parameters.n_ubatch = arguments.context_tokens
        if arguments.embeddings != "model":
            parameters.pooling_type = getattr(pooling, f"LLAMA_POOLING_TYPE_{arguments.embeddings.upper()}")
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    # No web page in this machine's browser may reach the model past the gateway.
    parameters.cors_origins = ""
    # This endpoint would show other clients' prompts.
    parameters.endpoint_slots = False
    parameters.ui = False
    parameters.verbosity = WARNINGS
    return parameters


def _end_with_parent() -> None:
    """Read standard input to its end, then exit at once: no client is left."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
