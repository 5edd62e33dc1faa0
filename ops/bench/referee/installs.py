"""The peers of the referee's table, each in an environment of its own."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from keywords.engine.processes.node import cache_folder
from ops.bench.installing import NotInstalledError, installed, python_commands, script

# The targets were set against these versions.
AIPERF = "0.13.0"
LOCUST = "2.47.0"
_TOKENIZER = Path(__file__).with_name("tokenizer.py")


@dataclass(frozen=True, slots=True)
class Installed:
    """An installed peer.

    Attributes:
        command: the start command.
        version: the version of its package.
    """

    command: tuple[str, ...]
    version: str


def aiperf() -> Installed:
    """AIPerf, with what its tokenizer is made with.

    Raises:
        NotInstalledError: the installation failed.
    """
    wanted = script("aiperf")
    packages = (f"aiperf=={AIPERF}", "gguf>=0.17,<1", "tokenizers>=0.22,<1")
    home = installed(f"aiperf-{AIPERF}", wanted, *python_commands(*packages), movable=False)
    return Installed((str(home / wanted),), AIPERF)


def locust() -> Installed:
    """Locust.

    Raises:
        NotInstalledError: the installation failed.
    """
    wanted = script("locust")
    home = installed(f"locust-{LOCUST}", wanted, *python_commands(f"locust=={LOCUST}"), movable=False)
    return Installed((str(home / wanted),), LOCUST)


def weights() -> Path:
    """The pulled model, whose vocabulary makes the tokenizer.

    Raises:
        NotInstalledError: there is none.
    """
    paths = sorted(cache_folder().glob("*.gguf"))
    if not paths:
        raise NotInstalledError("there is no model to make a tokenizer of: run `gateway models pull`")
    return paths[0]


def write_tokenizer(peer: Installed, model: Path, folder: Path) -> None:
    """Write the tokenizer of a GGUF file into a folder, with the packages of AIPerf's environment.

    Raises:
        NotInstalledError: the file has no vocabulary that could be read.
    """
    python = Path(peer.command[0]).with_name("python")
    done = subprocess.run([str(python), str(_TOKENIZER), str(model), str(folder)], capture_output=True, check=False)  # noqa: S603  # our own
    if done.returncode:
        words = done.stderr.decode(errors="replace").split()
        raise NotInstalledError(f"no tokenizer could be made of {model}: {' '.join(words)[-300:]}")
