"""Environment and executor of a run, in the form of Allure's two files.

The processor's name: Linux: `/proc/cpuinfo`. macOS: `sysctl`. Windows: an environment variable, by `platform`.
"""

from __future__ import annotations

import contextlib
import os
import platform
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ROBOT_LINK = re.compile(r"\[[^|\]]+\|([^\]]*)\]")
COMMAND_LIMIT_S = 10


def environment_properties(metadata: Mapping[str, str]) -> str:
    """The run's metadata, completed with facts about this machine, as Java properties.

    Args:
        metadata: metadata of the root suite, in order; it wins over this machine's facts.
    """
    machine = {
        "Commit": commit(),
        "Robot Framework": version("robotframework"),
        "Python": platform.python_version(),
        "Operating system": operating_system(),
        "CPU": f"{cpu()}, {os.cpu_count()} cores",
    }
    shown = {**metadata, **{name: value for name, value in machine.items() if name not in metadata}}
    return "".join(f"{_key(name)} = {_value(value)}\n" for name, value in shown.items() if value)


def executor() -> dict[str, str]:
    """The content of Allure's `executor.json`: who ran the suites."""
    env = os.environ
    if env.get("GITHUB_ACTIONS") == "true":
        url = f"{env.get('GITHUB_SERVER_URL')}/{env.get('GITHUB_REPOSITORY')}/actions/runs/{env.get('GITHUB_RUN_ID')}"
        build = f"{env.get('GITHUB_WORKFLOW')} {env.get('GITHUB_RUN_NUMBER')}"
        return {"name": "GitHub Actions", "type": "github", "buildName": build, "buildUrl": url}
    return {"name": f"local run on {platform.node()}", "type": "local"}


def commit() -> str:
    """The commit of the working directory, marked if tracked files differ from it; empty outside a Git checkout.

    Untracked files do not count: a run leaves some behind.
    """
    head = _output("git", "rev-parse", "--short=10", "HEAD")
    return f"{head} with changes" if head and _output("git", "status", "--porcelain", "--untracked-files=no") else head


def operating_system() -> str:
    """The name and version of the operating system, and the machine's architecture."""
    name = f"{platform.system()} {platform.release()}"
    if sys.platform == "darwin":
        name = f"macOS {platform.mac_ver()[0]}"
    elif sys.platform == "linux":
        with contextlib.suppress(OSError):
            name = platform.freedesktop_os_release()["PRETTY_NAME"]
    return f"{name}, {platform.machine()}"


def cpu() -> str:
    """The processor's name, or the machine's architecture if the system does not name it."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        name = re.search(r"^model name\s*:\s*(.+)$", info.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
        return name[1] if name else platform.machine()
    if sys.platform == "darwin":
        return _output("sysctl", "-n", "machdep.cpu.brand_string") or platform.machine()
    return platform.processor() or platform.machine()


def _output(program: str, *words: str) -> str:
    path = shutil.which(program)
    if not path:
        return ""
    try:
        answer = subprocess.run([path, *words], capture_output=True, text=True, timeout=COMMAND_LIMIT_S, check=False)  # noqa: S603  # constant words
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""


def _key(name: str) -> str:
    return re.sub(r"([\\\s:=#!])", r"\\\1", " ".join(name.split()))


def _value(value: str) -> str:
    text = " ".join(ROBOT_LINK.sub(r"\1", value).split())
    return text.replace("\\", "\\\\")
