"""An OpenAI-compatible server around transformers: `python -m ops.serve_transformers --model random:1b`.

For a bare GPU machine with Python, PyTorch and transformers, where neither vLLM nor llama.cpp with CUDA is there. It
serves `/health`, `/v1/models` and `/v1/chat/completions`, whole and streamed, with continuous batching over a KV cache.
When it listens, it prints one JSON line with its address and what it holds in memory.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import get_args

from ops.transformers_server.engine import Engine
from ops.transformers_server.http import Server
from ops.transformers_server.models import SHAPES, Bits, load


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m ops.serve_transformers", description=__doc__)
    shapes = ", ".join(f"random:{name}" for name in SHAPES)
    parser.add_argument("--model", default="random:1b", help=f"a folder of transformers, or without weights: {shapes}")
    parser.add_argument("--device", default="cuda:0", help="cuda:0, or cpu")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--rows", type=int, default=16, help="requests that are answered together; 1 is no batching")
    parser.add_argument("--length", type=int, default=4096, help="tokens of a request, prompt and answer together")
    parser.add_argument("--bits", choices=get_args(Bits), default="16", help="of the weights in memory")
    parser.add_argument("--no-kv-cache", action="store_true", help="read all tokens again for each new one")
    options = parser.parse_args()
    loaded = load(options.model, options.device, options.bits, options.length)
    engine = Engine(loaded, rows=options.rows, length=options.length, uses_cache=not options.no_kv_cache)
    server = Server((options.host, options.port), loaded, engine)
    facts = {
        "url": f"http://{options.host}:{server.server_address[1]}",
        "model": loaded.id,
        "weight_bytes": loaded.weight_bytes,
        "cache_bytes": engine.cache.bytes if engine.cache else 0,
    }
    print(json.dumps(facts), flush=True)  # noqa: T201  # whoever started it reads it
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.exit(0)
    finally:
        server.server_close()
        engine.close()


if __name__ == "__main__":
    main()
