"""The command `qa`: Ctrl-C ends it without a traceback while its modules are still being imported."""

from __future__ import annotations

import sys

_INTERRUPTED = 130


def main() -> None:
    """Run the command line."""
    try:
        from keywords.qa.cli import app  # noqa: PLC0415  # half a second, in which a user may change their mind
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    app()


if __name__ == "__main__":
    main()
