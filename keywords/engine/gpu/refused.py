"""Questions that a driver must refuse, each in a process of its own: `python -m keywords.engine.gpu.refused <refusal>`.

Linux: a question without permission is asked as the user `nobody`, if this process may change its user. macOS has no
NVML. Windows: it is asked as the user that runs it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from keywords.engine.gpu.nvml import NoNvmlError, NoSuchGpuError, Nvml
from keywords.engine.gpu.reading import Call

_NOBODY: Final = 65534
_NO_LIBRARY: Final = Path("/nonexistent/libnvidia-ml.so.1")
_WITHIN_S: Final = 60.0
LIMIT: Final = Call("nvmlDeviceGetPowerManagementLimit")


def ask_refused(refusal: str) -> dict[str, Any]:
    """What came of the question: `state`, `reason` and `value`.

    Raises:
        RuntimeError: the process gave no answer; the message has its errors.
    """
    command = [sys.executable, "-m", "keywords.engine.gpu.refused", refusal]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_WITHIN_S, check=False)  # noqa: S603  # our own program
    if done.returncode or not done.stdout:
        raise RuntimeError(f"`{' '.join(command[1:])}` ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def ask(refusal: str) -> dict[str, Any]:
    """Ask in this process.

    Raises:
        KeyError: there is no such refusal.
    """
    question = {"no driver": _without_driver, "bad index": _for_bad_index, "no permission": _without_permission}[
        refusal
    ]
    try:
        return question()
    except NoNvmlError as error:
        return {"state": "no driver", "reason": str(error), "value": None}


def _without_driver() -> dict[str, Any]:
    return {"state": "supported", "reason": "", "value": Nvml(_NO_LIBRARY).count}


def _for_bad_index() -> dict[str, Any]:
    nvml = Nvml()
    try:
        reading = nvml.ask(nvml.count, (LIMIT,))[LIMIT]
    except NoSuchGpuError as error:
        return {"state": "bad index", "reason": str(error), "value": None}
    return {"state": reading.state, "reason": reading.reason, "value": reading.value}


def _without_permission() -> dict[str, Any]:
    if sys.platform != "win32":
        with suppress(PermissionError):
            os.setuid(_NOBODY)
    nvml = Nvml()
    limit = nvml.ask(0, (LIMIT,))[LIMIT]
    if limit.value is None:
        return {"state": limit.state, "reason": limit.reason, "value": None}
    # Where it is allowed after all, nothing changes by it.
    call = Call("nvmlDeviceSetPowerManagementLimit", (int(limit.value),))
    reading = nvml.ask(0, (call,))[call]
    return {"state": reading.state, "reason": reading.reason, "value": reading.value}


if __name__ == "__main__":
    print(json.dumps(ask(sys.argv[1])))  # noqa: T201  # the caller reads it
