"""A process of Robot that shares a run with others: `python -m keywords.qa.part`, its part as JSON on its input."""

from __future__ import annotations

import json
import sys
from typing import Any

import robot

from keywords.hooks.sharing import listeners_of
from keywords.run.output_lock import lock_folder
from keywords.run.shared_run import Part, join_run

STOPPED_BY_USER = 253


def main() -> int:
    """Run Robot, and return its exit code."""
    given: dict[str, Any] = json.load(sys.stdin)
    part = Part.from_json(given["part"])
    lock_folder(part.own_folder)
    join_run(part)
    options: dict[str, Any] = given["options"]
    listeners = [*options.pop("listener", []), *listeners_of(part)]
    try:
        return int(robot.run(*given["sources"], **options, listener=listeners))
    except KeyboardInterrupt:
        return STOPPED_BY_USER


if __name__ == "__main__":
    sys.exit(main())
