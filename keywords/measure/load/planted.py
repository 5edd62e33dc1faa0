"""Stored series of load runs whose figures a row chooses: what a comparison says of them is known."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Literal

from robot.api.deco import keyword, library

from keywords.engine.load.environment import look_at_environment
from keywords.engine.load.sample import Sample
from keywords.engine.load.storage.tables import LOAD_ROOM, SAMPLES, STAGES, sample_row
from keywords.engine.store.database import Store
from keywords.engine.store.runs import begin_run, end_run
from keywords.run.output_folder import new_work_folder
from keywords.run.robot_process import ChildRun, run_module

CommandVerdict = Literal["SLOWER", "FASTER", "SAME", "INCONCLUSIVE", "NO VERDICT"]
CODES = {"FASTER": 0, "SAME": 0, "SLOWER": 1, "NO VERDICT": 2, "INCONCLUSIVE": 3}
"""The verdicts of `qa compare` with their exit codes."""
_TIME_LIMIT = timedelta(seconds=60)
_REQUESTS, _SPACING_S, _USERS = 60, 0.05, 4
_SPREAD = 0.002
"""From one run of a series to the next."""


@library(scope="GLOBAL", doc_format="MARKDOWN")
class PlantedSeriesLibrary:
    """Write series of load runs into a store, and compare them by `qa compare`.

    ```robotframework
    ${store} =    Plant Load Series    before    e2e=200 ms
    Plant Load Series    after    e2e=240 ms    into=${store}
    ${found} =    Compare Stored Loads    ${store}    before    after
    Get Exit Code    ${found}    ==    1
    ```
    """

    @keyword
    def plant_load_series(
        self,
        name: str,
        *,
        e2e: timedelta,
        runs: int = 5,
        prompt: str = "Say hello.",
        invalid_because: str | None = None,
        into: Path | None = None,
    ) -> Path:
        """Write a series of VALID load runs whose answers all take about as long.

        Args:
            name: of the series.
            e2e: time of an answer; each run's is a little longer than that of the one before.
            runs: their number.
            prompt: that was sent; runs of other prompts have another workload.
            invalid_because: makes the last run INVALID.
            into: a store that takes them too; a new one if left out.

        Returns:
            The store.

        ```robotframework
        ${store} =    Plant Load Series    before    e2e=200 ms
        ```
        """
        path = into or new_work_folder("planted") / "measurements.db"
        machine = {"start": look_at_environment().as_json()}
        with Store(path, LOAD_ROOM) as store:
            for number in range(runs):
                run = begin_run(
                    store,
                    "load",
                    name,
                    model="planted",
                    workload_hash=hashlib.sha256(prompt.encode()).hexdigest(),
                    environment=machine,
                )
                took_s = e2e.total_seconds() * (1 + _SPREAD * number)
                store.insert(SAMPLES, [sample_row(run, _sample(each, took_s)) for each in range(_REQUESTS)])
                store.insert(STAGES, [(run, 0, 0.0, _REQUESTS * _SPACING_S, _USERS, None)])
                is_invalid = invalid_because is not None and number == runs - 1
                reasons = [invalid_because or ""] if is_invalid else []
                end_run(store, run, validity="INVALID" if is_invalid else "VALID", reasons=reasons)
        return path

    @keyword
    def compare_stored_loads(
        self, store: Path, first: str, second: str, *options: str, timeout: timedelta = _TIME_LIMIT
    ) -> ChildRun:
        """Run `qa compare` on stored load runs.

        Args:
            store: the file of measurements.
            first: a series by its name, or runs by their numbers, such as `1,4`.
            second: the one that is judged.
            options: further ones of `qa compare`.
            timeout: time limit.

        Returns:
            Exit code, standard output and standard error.

        Raises:
            subprocess.TimeoutExpired: it did not end in time.

        ```robotframework
        ${found} =    Compare Stored Loads    ${store}    before    after
        ```
        """
        arguments: tuple[str | Path, ...] = ("compare", first, second, *options, "--store", store)
        return run_module("keywords.qa.cli", *arguments, folder=store.parent, timeout_s=timeout.total_seconds())

    @keyword
    def command_should_say(self, command: ChildRun, verdict: CommandVerdict, because: str = "") -> None:
        """Verify that `qa compare` ended with this verdict, and with the exit code of it.

        Args:
            command: that has ended.
            verdict: that it should say.
            because: words that its sentence should have too.

        Raises:
            AssertionError: it did not.

        ```robotframework
        Command Should Say    ${found}    NO VERDICT    they sent different things
        ```
        """
        said = last_line(command)
        if not said.startswith(verdict) or because not in said or command.rc != CODES[verdict]:
            words = f"{verdict}, with the words {because!r}" if because else verdict
            raise AssertionError(
                f"The comparison should say {words}, with the exit code {CODES[verdict]}, got {command.rc}: {said}"
            )


def last_line(command: ChildRun) -> str:
    """What a comparison said at its end."""
    lines = command.stdout.strip().splitlines()
    return lines[-1] if lines else command.stderr.strip()[-400:] or "nothing"


def _sample(number: int, took_s: float) -> Sample:
    sent = number * _SPACING_S
    return Sample(
        item=number,
        kind="planted",
        t_intended=sent,
        t_queued=sent,
        t_sent=sent,
        t_first_byte=sent + took_s / 4,
        t_first_content=sent + took_s / 4,
        t_last_content=sent + took_s,
        t_done=sent + took_s,
        streamed=True,
        status=200,
        output_tokens=10,
        tokens_source="usage",
    )
