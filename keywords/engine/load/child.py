"""Client process of a load run: `python -m keywords.engine.load.child`.

It reads its share, then `("start", moment)` and perhaps `("stop", 0.0)` from standard input. It writes
`("ready", None)`, `("samples", …)` and `("alive", None)` again and again, and at the end `("facts", …)` or
`("failed", why)` to standard output. When standard input ends, its parent is gone, and it ends at once.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
from typing import TYPE_CHECKING, Any

from keywords.engine.load.event_loop import new_event_loop
from keywords.engine.load.frames import frame, pack_samples, read_frame
from keywords.engine.load.open_files import allow_many_files
from keywords.engine.load.out_pipe import open_pipe
from keywords.engine.load.runner import Runner
from keywords.engine.load.watchdog import PULSE_S

if TYPE_CHECKING:
    from typing import IO

    from keywords.engine.load.out_pipe import OutPipe
    from keywords.engine.load.sample import Sample
    from keywords.engine.load.share import Share

_BATCH = 16
"""More at once would keep the loop busy for longer than a chunk may wait."""
_FLUSH_EVERY_S = 0.1


def main() -> None:
    """Serve one load run."""
    allow_many_files()
    # Only the parent decides when this process ends; Ctrl-C reaches all processes of a terminal.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What a library prints must not get between the frames.
    out = os.fdopen(os.dup(1), "wb")
    # A buffered reader holds a lock while it waits, which the interpreter's exit would need.
    orders = open(0, "rb", buffering=0)  # noqa: SIM115  # a descriptor; open to the end
    os.dup2(2, 1)
    share = read_frame(orders)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_serve(share, orders, out))


async def _serve(share: Share, orders: IO[bytes], out: IO[bytes]) -> None:
    loop = asyncio.get_running_loop()
    pipe = await open_pipe(out)
    outbox = _Outbox(pipe)
    try:
        runner = Runner(share, outbox.add)
        start: asyncio.Future[float] = loop.create_future()
        threading.Thread(target=_obey, args=(orders, loop, runner, start), daemon=True).start()
        runner.prepare()
        # No collection looks at what lives to the end anyway.
        gc.collect()
        gc.freeze()
        outbox.send("ready", None)
        outbox.pulse()
        facts = await runner.run(await start)
        outbox.flush()
        outbox.send("facts", facts)
    except Exception as error:  # noqa: BLE001  # the parent raises it
        outbox.flush()
        outbox.send("failed", f"{type(error).__name__}: {error}")
    await pipe.close()


def _obey(orders: IO[bytes], loop: asyncio.AbstractEventLoop, runner: Runner, start: asyncio.Future[float]) -> None:
    while True:
        try:
            order, moment = read_frame(orders)
        except EOFError:
            # What was measured and not handed over has no taker.
            os._exit(1)
        if order == "stop":
            loop.call_soon_threadsafe(runner.stop)
        if not start.done():
            loop.call_soon_threadsafe(_set, start, moment)


def _set(start: asyncio.Future[float], moment: float) -> None:
    if not start.done():
        start.set_result(moment)


class _Outbox:
    """Hands samples over in small batches, several times a second; the pipe's transport never blocks the loop."""

    def __init__(self, pipe: OutPipe) -> None:
        self._pipe = pipe
        self._samples: list[Sample] = []
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, sample: Sample) -> None:
        """Take a finished sample."""
        self._samples.append(sample)
        if len(self._samples) >= _BATCH:
            self.flush()
        elif self._timer is None:
            self._timer = self._loop.call_later(_FLUSH_EVERY_S, self.flush)

    def flush(self) -> None:
        """Hand over what there is."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._samples:
            self.send("samples", pack_samples(self._samples))
            self._samples.clear()

    def pulse(self) -> None:
        """Say now and then that the event loop goes round."""
        self.send("alive", None)
        self._loop.call_later(PULSE_S, self.pulse)

    def send(self, kind: str, content: Any) -> None:
        """Send a message."""
        self._pipe.write(frame((kind, content)))


if __name__ == "__main__":
    main()
