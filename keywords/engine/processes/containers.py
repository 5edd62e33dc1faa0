"""Containers, by Docker or Podman."""

from __future__ import annotations

import shutil
import subprocess

_ENGINES = ("docker", "podman")
_ANSWERS_WITHIN_S = 20.0


class ContainerError(Exception):
    """A container did not do its work; the message has what the engine said."""


def find_engine() -> str | None:
    """The path of the first engine that is installed; None if there is none."""
    return next((path for name in _ENGINES if (path := shutil.which(name))), None)


def why_unusable(command: str) -> str:
    """Why an engine runs no containers here; empty if it does."""
    try:
        done = _run([command, "info"], _ANSWERS_WITHIN_S)
    except ContainerError as error:
        return str(error)
    return "" if done.returncode == 0 else _last_line(done)


def run_in_container(command: str, image: str, arguments: list[str], *, options: list[str], within_s: float) -> str:
    """Run a command in a new container, which is gone afterwards, and return what it printed.

    Args:
        command: the engine's path.
        image: what the container is made of; the engine fetches it if it is missing.
        arguments: the command and its arguments.
        options: of the engine, such as `--gpus all`.
        within_s: seconds for all of it, fetching included.

    Raises:
        ContainerError: it cannot be started, failed, or did not end.
    """
    done = _run([command, "run", "--rm", *options, image, *arguments], within_s)
    if done.returncode:
        raise ContainerError(f"`{' '.join(arguments)}` in {image} ended with {done.returncode}: {_last_line(done)}")
    return done.stdout


def _run(command: list[str], within_s: float) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=within_s, check=False)  # noqa: S603  # our own arguments
    except subprocess.TimeoutExpired:
        raise ContainerError(f"it did not end within {within_s:g} s") from None
    except OSError as error:
        raise ContainerError(str(error.strerror)) from None


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = (done.stderr or done.stdout).strip().splitlines()
    return lines[-1] if lines else f"exit status {done.returncode}"
