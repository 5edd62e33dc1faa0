"""`qa load` as a command line."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from robot.api.deco import keyword, library

from keywords.run.output_folder import new_work_folder
from keywords.run.robot_process import ChildRun, run_module

_TIME_LIMIT = timedelta(seconds=60)


@library(scope="GLOBAL", doc_format="MARKDOWN")
class LoadCommandLibrary:
    """Run `qa load` to its end; `Get Exit Code` and `Get Output` verify what came."""

    @keyword
    def run_load_command(self, *arguments: str, timeout: timedelta = _TIME_LIMIT) -> ChildRun:
        """Run a `qa load …` command line to its end; it knows no key, and its store lies among the row's evidence.

        Args:
            arguments: what follows `qa load`, the server's address first.
            timeout: time limit.

        Returns:
            Exit code, standard output and standard error.

        Raises:
            subprocess.TimeoutExpired: it did not end in time.

        ```robotframework
        ${load} =    Run Load Command    ${BACKEND.url}    --rate    0
        Get Exit Code    ${load}    ==    2
        ```
        """
        folder = new_work_folder("load")
        return run_module(
            "keywords.qa.cli",
            "load",
            *arguments,
            "--store",
            folder / "measurements.db",
            folder=folder,
            environment={"GATEWAY_API_KEY": ""},
            timeout_s=timeout.total_seconds(),
        )

    @keyword
    def run_command_on_store(self, store: Path, *arguments: str, timeout: timedelta = _TIME_LIMIT) -> ChildRun:
        """Run a `qa …` command line that reads a store of measurements, to its end.

        Args:
            store: the file of measurements.
            arguments: what follows `qa`.
            timeout: time limit.

        Returns:
            Exit code, standard output and standard error.

        Raises:
            subprocess.TimeoutExpired: it did not end in time.

        ```robotframework
        ${history} =    Run Command On Store    ${STORE}    load    --history
        Get Exit Code    ${history}    ==    0
        ```
        """
        command: tuple[str | Path, ...] = (*arguments, "--store", store.resolve())
        return run_module("keywords.qa.cli", *command, folder=store.parent, timeout_s=timeout.total_seconds())
