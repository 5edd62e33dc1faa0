"""One more difference of a server: a defect on a wire before it, which an attached run must find."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from keywords.engine.defects.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keywords.engine.defects.defect import Defect
    from ops.scoreboard.servers import Server


@contextmanager
def planted(server: Server, defect: Defect) -> Iterator[Server]:
    """Put a wire with a defect before a server.

    The wire runs in a thread of its own, so that this one may wait for the rows.
    """
    wire = Wire(defect.plant, server.key, server.url)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="wire")
    thread.start()
    try:
        yield replace(server, url=asyncio.run_coroutine_threadsafe(wire.open(), loop).result())
    finally:
        asyncio.run_coroutine_threadsafe(wire.close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
