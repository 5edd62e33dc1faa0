"""The command `qa`: Ctrl-C ends it without a traceback while its modules are still being imported."""

from __future__ import annotations

import os
import sys

_UNUSABLE, _INTERRUPTED = 2, 130


def main() -> None:
    """Run the command line."""
    try:
        os.getcwd()  # noqa: PTH109  # without importing pathlib
    except OSError:
        print("the working directory is gone: change into one that exists", file=sys.stderr)  # noqa: T201
        sys.exit(_UNUSABLE)
    try:
        from keywords.qa.cli import app  # noqa: PLC0415  # half a second, in which a user may change their mind
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    app()


if __name__ == "__main__":
    main()
