"""Command line of the gateway: this project's gateway in this interpreter, or a command in its place."""

from __future__ import annotations

import os
import shlex
import sys
from typing import Final

VARIABLE: Final = "QA_GATEWAY_COMMAND"
"""Environment variable: a command line in POSIX shell quoting that runs in place of `gateway`.

It gets the same arguments, such as `serve …`, and the same environment, and must log the line `listening`. It lets a
run test another build of the gateway, or one with a planted defect.
"""
CHOSEN: Final = os.environ.get(VARIABLE, "")
"""The variable's value; empty if it is unset."""
COMMAND: Final = tuple(shlex.split(CHOSEN)) or (sys.executable, "-m", "gateway")
