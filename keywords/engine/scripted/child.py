"""The scripted backend's process: it listens, and obeys one JSON object per line of its standard input.

It answers each line with one line on standard output. The first line there is its address, or why it cannot listen. It
ends when its standard input ends, so that it never outlives the process that started it.

Linux, macOS: uvloop. Windows, which uvloop does not support: asyncio's selector loop; the default loop there cannot
watch a listening socket.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

from keywords.engine import cores
from keywords.engine.scripted.listener import Listener
from keywords.engine.scripted.record import record_to_json
from keywords.engine.scripted.script import from_json
from keywords.engine.scripted.server import Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from keywords.engine.scripted.script import Script


def serve(*, models: tuple[str, ...], port: int, core: int | None, scripts: tuple[Script, ...], obeys: bool) -> int:
    """Serve until standard input ends or, without orders, until Ctrl-C; write the address to standard output.

    Args:
        models: names that the backend lists.
        port: on 127.0.0.1; 0 takes a free one.
        core: CPU core to pin this process to; None does not pin it.
        scripts: scripts that it plays first.
        obeys: whether standard input contains orders.

    Returns:
        Exit status: 1 if the port is taken.
    """
    if core is not None:
        cores.pin(core)
    if obeys:
        # Ctrl-C reaches all processes of a terminal, but only the parent decides when this one ends.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        try:
            return runner.run(_serve(models, port, scripts, obeys=obeys))
        except KeyboardInterrupt:
            return 0


async def _serve(models: tuple[str, ...], port: int, scripts: tuple[Script, ...], *, obeys: bool) -> int:
    stage = Stage(models)
    stage.playbook.put(scripts)
    try:
        listener = Listener(stage, port)
    except OSError as error:
        _say({"error": f"Port {port} of 127.0.0.1 cannot be used: {error.strerror}.", "errno": error.errno})
        return 1
    _say({"url": listener.url} if obeys else listener.url)
    stopped = asyncio.Event()
    if obeys:
        orders = _Orders(stage, listener, stopped)
        # A thread, because not every system's event loop can watch a pipe.
        threading.Thread(target=orders.read, args=(asyncio.get_running_loop(),), daemon=True).start()
    await stopped.wait()
    listener.close()
    return 0


class _Orders:
    """The orders that standard input may contain; `do` names the method."""

    def __init__(self, stage: Stage, listener: Listener, stopped: asyncio.Event) -> None:
        self._stage = stage
        self._listener = listener
        self._stopped = stopped

    def read(self, loop: asyncio.AbstractEventLoop) -> None:
        """Pass each line to the loop until standard input ends."""
        for line in sys.stdin.buffer:
            loop.call_soon_threadsafe(self._obey, json.loads(line))
        loop.call_soon_threadsafe(self._stopped.set)

    def play(self, order: dict[str, Any]) -> None:
        """Add scripts to the playbook."""
        scripts = tuple(from_json(each) for each in order["scripts"])
        self._stage.history.forget()
        if any(script.hold_after is not None for script in scripts):
            self._stage.history.hold()
        self._stage.playbook.put(scripts, order.get("path"), order.get("model"), cycle=order.get("cycle", False))

    def release(self, order: dict[str, Any]) -> None:  # noqa: ARG002  # takes nothing
        """Let held answers go on."""
        self._stage.history.release()

    def requests(self, order: dict[str, Any]) -> list[Any]:  # noqa: ARG002  # takes nothing
        """All recorded requests."""
        return [record_to_json(record) for record in self._stage.records]

    def bodies(self, order: dict[str, Any]) -> list[str]:  # noqa: ARG002  # takes nothing
        """The bodies of recorded requests for an answer."""
        return [record.body.decode("latin-1") for record in self._stage.records if record.asks_for_answer]

    def count(self, order: dict[str, Any]) -> int:  # noqa: ARG002  # takes nothing
        """Number of all requests, including those that are no longer recorded."""
        return self._stage.count

    def forget(self, order: dict[str, Any]) -> None:  # noqa: ARG002  # takes nothing
        """Delete the recorded requests."""
        self._stage.records.clear()

    def accept(self, order: dict[str, Any]) -> None:
        """Accept connections, or ignore them."""
        if order["connections"]:
            self._listener.accept_connections()
        else:
            self._listener.ignore_connections()

    def drop(self, order: dict[str, Any]) -> None:  # noqa: ARG002  # takes nothing
        """Reset every connection."""
        self._listener.drop_connections()

    def _obey(self, order: dict[str, Any]) -> None:
        try:
            obey: Callable[[dict[str, Any]], Any] = getattr(self, order["do"])
            _say({"done": obey(order)})
        except Exception as error:  # noqa: BLE001  # the sender of the order reports it
            _say({"error": f"{type(error).__name__}: {error}"})


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    if sys.platform == "win32":
        return asyncio.SelectorEventLoop
    import uvloop  # noqa: PLC0415  # not on Windows

    return uvloop.new_event_loop


def _say(value: object) -> None:
    sys.stdout.write((value if isinstance(value, str) else json.dumps(value)) + "\n")
    sys.stdout.flush()
