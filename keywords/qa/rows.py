"""The rows of `qa run`: run by several processes of Robot side by side, then put together in one output."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

from robot.reporting import ResultWriter

from keywords.engine.evidence.folders import EVIDENCE_FOLDER
from keywords.qa import suite_seconds
from keywords.qa.combine import combine
from keywords.qa.processes import RobotProcesses
from keywords.qa.progress import Progress
from keywords.run.shared_run import Part
from keywords.traceability.evidence.earlier_run import ALLURE_RESULTS, RUN_FILE
from keywords.traceability.evidence.row import GatewayFacts, end_run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keywords.qa.command_line import CommandLine
    from keywords.qa.signals import SignalHandler

PARTS = "work/parts"
"""Folder in the results with what each process leaves; it is gone when the parts have been put together."""
_HIDDEN_STATISTICS = "req:*"
_NO_OUTPUT = 252
_KINDS = {"verbose": "verbose", "quiet": "quiet", "none": "none"}


def run_rows(line: CommandLine, seconds: Mapping[str, float], most: int | None, handler: SignalHandler) -> int:
    """Run the rows, and write output.xml, log, report and JUnit as one process would.

    Args:
        line: what the command line asks for.
        seconds: how long suites took in an earlier run, by their full names.
        most: how many processes at most; by the machine if None.
        handler: knows of signals.

    Returns:
        Robot's exit code.

    Raises:
        DataError: a process that ended well left no output of Robot.
        OSError: a file cannot be written.
    """
    # Allure shows up to this many of a keyword's log lines as steps, and more lines as an attachment.
    os.environ["ALLURE_MAX_STEP_MESSAGE_COUNT"] = "50"
    folder = line.results / PARTS
    alone = most == 1 or bool(line.reason_for_one_process)
    log = line.settings.log
    first = Part(folder.resolve(), 1, os.getpid(), log, seconds, is_alone=alone)
    with Progress(seconds, _KINDS.get(str(line.options.get("console")), "progress")) as progress:  # type: ignore[arg-type]
        processes = RobotProcesses(first, _options_of_part(line), line.sources, progress, handler)
        ended, plan = processes.run(most)
    if plan is None:
        return ended[0].process.returncode or _NO_OUTPUT
    result = combine({one.part.output: one.end for one in ended}, plan)
    result.configure(status_rc=line.settings.status_rc, stat_config=line.settings.statistics_config)
    result.save(line.results / "output.xml")
    suite_seconds.write(line.results, seconds, result.suite)
    facts = [json.loads(one.part.facts.read_bytes()) for one in ended if one.part.facts.exists()]
    models = dict.fromkeys(model for one in facts for model in one["models"])
    gateway: dict[str, str] = next((one["gateway"] for one in facts if one["gateway"]), {})
    end_run(line.results / EVIDENCE_FOLDER / RUN_FILE, dict(result.suite.metadata), GatewayFacts(models, gateway))
    ResultWriter(result).write_results(_settings_of_pages(line))
    shutil.rmtree(folder)
    return int(result.return_code)


def _options_of_part(line: CommandLine) -> dict[str, Any]:
    """The options of each process: rows, variables and listeners as asked, and no page of its own."""
    allure = f"allure_robotframework:{line.results / ALLURE_RESULTS}"
    modifiers = [*line.options.get("prerunmodifier", ()), "keywords.hooks.modifier.RegisterModifier"]
    return {
        **line.options,
        "listener": [*line.options.get("listener", ()), allure],
        "prerunmodifier": modifiers,
        "console": "quiet",
        "log": "NONE",
        "report": "NONE",
        "xunit": "NONE",
    }


def _settings_of_pages(line: CommandLine) -> Any:
    settings = line.settings.get_rebot_settings()
    # As the listener does for the pages of a run of Robot by itself.
    if not line.options.get("tagstatinclude"):
        settings["TagStatExclude"].append(_HIDDEN_STATISTICS)
    return settings
