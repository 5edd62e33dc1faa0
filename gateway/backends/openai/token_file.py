"""A file with an access token, read again when it changes; no call hangs because the file does."""

from __future__ import annotations

import asyncio
import stat
import time
from typing import TYPE_CHECKING

from gateway.config.file_version import READ_S, unreadable
from gateway.operating_system.daemon_thread import in_daemon_thread

if TYPE_CHECKING:
    from pathlib import Path

# Entra ID's tokens have 1 to 4 KiB.
_MOST_BYTES = 64 * 1024
# Agents renew a token minutes before its end.
POLL_S = 1.0
# A file system that answers takes milliseconds.
_BRIEFLY_S = 0.1


class TokenFile:
    """Reads the file in a thread, because a hung file system may never answer.

    Args:
        path: of the file.

    Attributes:
        token: the latest one; empty if there is none.
        fault: why the file is of no use now; empty if it is of use, or does not answer while there is a token.
    """

    def __init__(self, path: Path) -> None:
        self.token = ""
        self.fault = ""
        self._path = path
        self._version: tuple[int, int] | None = None
        self._reading: asyncio.Future[None] | None = None
        self._read_at = -POLL_S

    async def refresh(self) -> None:
        """Read the file if it has changed, once in `POLL_S` while it is of use.

        Waits for it only `_BRIEFLY_S` while there is a token, else `READ_S`, both from the start of the read: an
        attempt may be shorter than `READ_S`.
        """
        if self._is_of_use and time.monotonic() - self._read_at < POLL_S:
            return
        if self._reading is None or self._reading.done():
            self._read_at = time.monotonic()
            self._reading = asyncio.ensure_future(in_daemon_thread(self._read))
        limit_s = _BRIEFLY_S if self._is_of_use else READ_S
        left_s = self._read_at + limit_s - time.monotonic()
        if left_s > 0:
            await asyncio.wait([self._reading], timeout=left_s)
        if not self._reading.done():
            self.fault = "" if self.token else unreadable(self._path).what

    @property
    def _is_of_use(self) -> bool:
        return bool(self.token) and not self.fault

    def _read(self) -> None:
        try:
            self._read_if_changed()
        except OSError as error:
            self.fault = error.strerror or str(error)
        except ValueError as error:
            self.fault = str(error)
        else:
            self.fault = ""

    def _read_if_changed(self) -> None:
        """Read the token.

        Raises:
            OSError: the file cannot be read.
            ValueError: the file contains no token.
        """
        status = self._path.stat()
        if not stat.S_ISREG(status.st_mode):
            # A pipe or a device may be silent or endless.
            raise ValueError("it is no regular file")
        # Kubernetes replaces a mounted file by another one, so the inode counts as well as the time.
        version = (status.st_mtime_ns, status.st_ino)
        if version == self._version:
            return
        with self._path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        try:
            token = content.decode("ascii").strip()
        except UnicodeDecodeError as error:
            raise ValueError("it holds something else") from error
        if not token:
            raise ValueError("it is empty")
        if not token.isprintable() or " " in token or len(content) > _MOST_BYTES:
            raise ValueError("it holds something else")
        self._version, self.token = version, token
