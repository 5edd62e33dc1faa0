"""Run a gateway with a planted defect: `python -m keywords.engine.defects DEFECT serve …`.

Linux, macOS: signals are passed on to the gateway. Windows: Ctrl-C reaches it directly; there are no other signals.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tomllib
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keywords.engine.defects.inside import DEFECTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keywords.engine.defects.inside import InsideDefect

_GATEWAY = (sys.executable, "-m", "gateway")
_PASSED_ON = ("SIGTERM", "SIGINT", "SIGHUP")
_LINE_BYTES = 2**24


def main() -> int:
    """Run the command in sys.argv; only `serve` gets a defect.

    Returns:
        The exit status of the gateway; above 128 if a signal ended it.
    """
    defect, arguments = DEFECTS[sys.argv[1]], sys.argv[2:]  # type: ignore[index]  # an unknown name raises KeyError
    if arguments[:1] != ["serve"]:
        command = [*_GATEWAY, *arguments]
        if sys.platform == "win32":
            # `execv` would end this process there before the one that it starts.
            return subprocess.run(command, check=False).returncode  # noqa: S603  # our own command
        os.execv(command[0], command)  # noqa: S606  # our own command
    status = asyncio.run(_serve(defect, arguments))
    return status if status >= 0 else 128 - status


async def _serve(defect: InsideDefect, arguments: Sequence[str]) -> int:
    gateway = await asyncio.create_subprocess_exec(
        *_GATEWAY, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, limit=_LINE_BYTES
    )
    _pass_signals_on(gateway)
    from keywords.engine.defects.wire import Wire  # noqa: PLC0415  # imported while the gateway starts

    wire = Wire(defect.plant, os.environ.get("GATEWAY_API_KEYS", "").split(",")[0])
    url = await wire.open()
    assert gateway.stdout is not None  # noqa: S101  # it is a pipe
    async for line in gateway.stdout:
        entry = _entry(line)
        if entry.get("event") == "listening":
            wire.server_url, entry["url"] = entry["url"], url
            if defect.silences_ledger:
                _silence_ledger(arguments)
        elif defect.logs_keys and str(entry.get("path", "")).startswith("/v1/"):
            entry["authorization"] = wire.keys.pop(entry["id"], None)
        else:
            entry = {}
        sys.stdout.buffer.write(json.dumps(entry, separators=(",", ":")).encode() + b"\n" if entry else line)
        sys.stdout.buffer.flush()
    status = await gateway.wait()
    await wire.close()
    return status


def _pass_signals_on(gateway: asyncio.subprocess.Process) -> None:
    loop = asyncio.get_running_loop()
    for name in _PASSED_ON:
        with suppress(AttributeError, NotImplementedError):  # Windows
            number = getattr(signal, name)
            loop.add_signal_handler(number, gateway.send_signal, number)


def _entry(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _silence_ledger(arguments: Sequence[str]) -> None:
    """Make the ledger drop all entries; its file and its tables stay."""
    if "--config" not in arguments:
        return
    config = tomllib.loads(Path(arguments[arguments.index("--config") + 1]).read_text("utf-8"))
    if "ledger" not in config:
        return
    with closing(sqlite3.connect(config["ledger"]["path"])) as ledger:
        tables = [name for (name,) in ledger.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            ledger.execute(f"CREATE TRIGGER silent_{table} BEFORE INSERT ON {table} BEGIN SELECT RAISE(IGNORE); END")
        ledger.commit()


if __name__ == "__main__":
    sys.exit(main())
