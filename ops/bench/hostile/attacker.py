"""The process of an attacker: `python -m ops.bench.hostile.attacker KIND HOST PORT SECONDS`; it prints its effort."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict

from ops.bench.hostile.kinds import KINDS
from ops.bench.hostile.line import attack


def main() -> None:
    """Attack."""
    name, host, port, seconds = sys.argv[1:]
    kind = KINDS[name]
    effort = asyncio.run(attack((host, int(port)), kind.play, kind.connections, float(seconds)))
    sys.stdout.write(json.dumps(asdict(effort)))


if __name__ == "__main__":
    main()
