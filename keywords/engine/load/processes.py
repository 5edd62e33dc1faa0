"""Client processes of a load run: started, fed, heard, and ended by the main process.

They end with it, even if it is killed: each ends when its standard input does.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

from keywords.engine.load.frames import frame, read_frame, unpack_samples
from keywords.engine.processes import tree

if TYPE_CHECKING:
    import queue

    from keywords.engine.load.share import Share

_GRACE_S = 5.0

Message = tuple[int, str, Any]
"""Number of the process; `ready`, `alive`, `samples`, `facts`, `failed`, or `ended` with its status; the content."""


class ClientProcess:
    """One client process.

    Args:
        share: what it sends.
        messages: where its messages go, from a thread.

    Attributes:
        heard: messages so far, those among them that wait to be taken.
    """

    def __init__(self, share: Share, messages: queue.SimpleQueue[Message]) -> None:
        self._number = share.process
        self._messages = messages
        self.heard = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "keywords.engine.load.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            # Ctrl-C in the terminal must not reach it.
            start_new_session=True,
            creationflags=tree.NEW_GROUP,
        )
        threading.Thread(target=self._hear, name=f"load-client-{self._number}", daemon=True).start()
        self._tell(frame(share))

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def start(self, moment: float) -> None:
        """Let its first stage begin at a moment by `clock.now()`."""
        self._tell(frame(("start", moment)))

    def stop(self) -> None:
        """End its load; it still hands over what it measured."""
        self._tell(frame(("stop", 0.0)))

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def close(self) -> None:
        """End it, and wait for its end."""
        with contextlib.suppress(BrokenPipeError):  # it is dead
            assert self._process.stdin is not None  # noqa: S101  # it is a pipe
            self._process.stdin.close()
        try:
            self._process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _tell(self, data: bytes) -> None:
        assert self._process.stdin is not None  # noqa: S101  # it is a pipe
        with contextlib.suppress(BrokenPipeError):  # it is dead, which its last message says
            self._process.stdin.write(data)
            self._process.stdin.flush()

    def _hear(self) -> None:
        stream = self._process.stdout
        assert stream is not None  # noqa: S101  # it is a pipe
        with stream:
            while True:
                try:
                    kind, content = read_frame(stream)
                except EOFError:
                    break
                self.heard += 1
                if kind == "samples":
                    content = unpack_samples(content)
                self._messages.put((self._number, kind, content))
        self._messages.put((self._number, "ended", self._process.wait()))
