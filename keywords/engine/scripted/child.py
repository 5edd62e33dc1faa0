"""The scripted backend's process: it listens, and obeys one JSON object per line on its standard input.

Each line is answered by one line on standard output. The first line there says where it listens, or why it cannot.
It ends when its standard input does, so that it never outlives the process that started it.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

from keywords.engine.scripted.listener import Listener
from keywords.engine.scripted.record import record_to_json
from keywords.engine.scripted.script import from_json
from keywords.engine.scripted.server import Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from keywords.engine.scripted.script import Script


def serve(*, models: tuple[str, ...], port: int, core: int | None, scripts: tuple[Script, ...], obeys: bool) -> int:
    """Serve until told to stop, or until Ctrl-C when served by hand; say where on standard output.

    Args:
        models: names that the backend lists.
        port: on 127.0.0.1; 0 takes a free one.
        core: the CPU to stay on, where the system can pin processes; None leaves it to the system.
        scripts: what it plays first.
        obeys: whether standard input brings orders.

    Returns:
        Exit status: 1 if the port is taken.
    """
    if core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})
    if obeys:
        # Ctrl-C reaches all processes of a terminal; the one that started this one says when to end.
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
        # A thread, because not every system can watch a pipe with its event loop.
        threading.Thread(target=orders.read, args=(asyncio.get_running_loop(),), daemon=True).start()
    await stopped.wait()
    listener.close()
    return 0


class _Orders:
    """What standard input can ask for; `do` names the method."""

    def __init__(self, stage: Stage, listener: Listener, stopped: asyncio.Event) -> None:
        self._stage = stage
        self._listener = listener
        self._stopped = stopped

    def read(self, loop: asyncio.AbstractEventLoop) -> None:
        """Hand each line to the loop, until there are no more."""
        for line in sys.stdin.buffer:
            loop.call_soon_threadsafe(self._obey, json.loads(line))
        loop.call_soon_threadsafe(self._stopped.set)

    def play(self, order: dict[str, Any]) -> None:
        """Put scripts into the playbook."""
        scripts = tuple(from_json(each) for each in order["scripts"])
        self._stage.playbook.put(scripts, order.get("path"), order.get("model"))

    def requests(self, order: dict[str, Any]) -> list[Any]:  # noqa: ARG002  # takes nothing
        """Everything that is remembered."""
        return [record_to_json(record) for record in self._stage.records]

    def bodies(self, order: dict[str, Any]) -> list[str]:  # noqa: ARG002  # takes nothing
        """What requests for an answer said, and nothing else of them."""
        return [record.body.decode("latin-1") for record in self._stage.records if record.asks_for_answer]

    def count(self, order: dict[str, Any]) -> int:  # noqa: ARG002  # takes nothing
        """How many requests there were, whether they are still remembered or not."""
        return self._stage.count

    def forget(self, order: dict[str, Any]) -> None:  # noqa: ARG002  # takes nothing
        """Forget all requests that came so far."""
        self._stage.records.clear()

    def accept(self, order: dict[str, Any]) -> None:
        """Accept connections or ignore them."""
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
        except Exception as error:  # noqa: BLE001  # whoever gave the order is told, whatever it is
            _say({"error": f"{type(error).__name__}: {error}"})


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    if sys.platform == "win32":
        return asyncio.SelectorEventLoop  # the other loop of Windows cannot watch a listening socket
    import uvloop  # noqa: PLC0415  # not for Windows

    return uvloop.new_event_loop


def _say(value: object) -> None:
    sys.stdout.write((value if isinstance(value, str) else json.dumps(value)) + "\n")
    sys.stdout.flush()
