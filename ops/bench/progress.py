"""What a long measurement says while it runs, and how it is broken off."""

from __future__ import annotations

import signal
import sys
import time
from typing import NoReturn


def log_progress(line: str) -> None:
    """Write a line with the time of day to stderr."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")


def break_off_on_signals() -> None:
    """Let Ctrl-C and SIGTERM raise `KeyboardInterrupt`, so that what was started is ended and what there is is kept."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt
