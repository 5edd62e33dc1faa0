"""End of a run as by `kill -9`, for small projects that test what is left of it."""

from contextlib import suppress

import psutil
from robot.api.deco import keyword, library

from keywords.run.shared_run import current_part


@library(scope="GLOBAL", doc_format="MARKDOWN")
class KillRunLibrary:
    """Kill the run that uses it."""

    @keyword
    def kill_run(self, why: str) -> None:
        """Kill this run, without any chance to write or to clean up: `qa run` with all its processes, or `robot`.

        Args:
            why: for the reader of the row.

        ```robotframework
        Kill Run    to see what is left
        ```
        """
        if not why:
            return
        own = psutil.Process()
        part = current_part()
        parent = psutil.Process(part.parent) if part else None
        others = [parent, *parent.children()] if parent else []
        for process in others:
            if process != own:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        own.kill()
