"""Commands side by side, the output of each in one piece: `python -m ops.side_by_side "ruff check ." lint-imports`."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING

from keywords.engine import clock

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(commands: Sequence[str]) -> int:
    """Run the commands, as many at once as there are CPUs, and print the output of each when it ends.

    Returns:
        0, or 1 if a command failed; the last lines printed name each that did.
    """
    failures = []
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for ended in as_completed([pool.submit(_run, command) for command in commands]):
            output, failure = ended.result()
            sys.stdout.write(output)
            sys.stdout.flush()
            failures.append(failure)
    sys.stdout.writelines(filter(None, failures))
    return int(any(failures))


def _run(command: str) -> tuple[str, str]:
    """The command's output below its name, and a line that says how it failed, or nothing."""
    began = clock.now()
    try:
        done = subprocess.run(  # noqa: S603  # the caller's own commands
            shlex.split(command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", check=False
        )
    except FileNotFoundError:
        return "", f"failed, as there is no such program: {command}\n"
    failure = f"failed with exit code {done.returncode}: {command}\n" if done.returncode else ""
    return f"{command} ({clock.now() - began:.0f} s)\n{done.stdout}", failure


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
