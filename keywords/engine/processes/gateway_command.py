"""What runs as `gateway`: this project's, by this interpreter, or another command in its place."""

from __future__ import annotations

import os
import shlex
import sys
from typing import Final

VARIABLE: Final = "QA_GATEWAY_COMMAND"
"""Environment variable: a command line, quoted as for a POSIX shell, that runs in place of `gateway`.

It gets the same arguments, `serve …` among them, and the same environment, and has to log the line `listening`. So a
run can test another build of the gateway, or one with a planted defect.
"""
CHOSEN: Final = os.environ.get(VARIABLE, "")
"""The command line that the variable names; empty if it names none."""
COMMAND: Final = tuple(shlex.split(CHOSEN)) or (sys.executable, "-m", "gateway")
