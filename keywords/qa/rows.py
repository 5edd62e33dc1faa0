"""The rows of `qa run`: run by several processes of Robot side by side, then put together in one output."""

from __future__ import annotations

import json
import os
import shutil
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from robot.errors import DataError
from robot.output import LOGGER
from robot.reporting import ResultWriter

from keywords.engine.evidence.folders import EVIDENCE_FOLDER
from keywords.hooks.suite_model import row_of
from keywords.qa import suite_seconds
from keywords.qa.combine import combine, save
from keywords.qa.processes import RobotProcesses
from keywords.qa.progress import Progress
from keywords.run.shared_run import Part
from keywords.traceability.evidence.earlier_run import ALLURE_RESULTS, RUN_FILE, remove_all
from keywords.traceability.evidence.row import GatewayFacts, end_run
from keywords.traceability.xunit import add_requirements

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from robot.result import Result

    from keywords.qa.command_line import CommandLine
    from keywords.qa.processes import PartProcess
    from keywords.qa.signals import SignalHandler

NO_VERDICT = 2
NO_OUTPUT = 252
"""Lowest exit code of Robot without a report (bad data, help, stopped, crashed)."""
STOPPED_BY_USER = 253
"""Exit code of Robot for a stop that came before it could tell of its rows."""
PARTS = "work/parts"
"""Folder in the results with what each process leaves; it is gone when the parts have been put together."""
_CONSOLE = ("console", "quiet", "dotted")
_OWN_ALLURE = {"ALLURE_MAX_STEP_MESSAGE_COUNT": "50"}
"""Allure shows up to this many of a keyword's log lines as steps, and more lines as an attachment."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the rows of a run ended.

    Attributes:
        code: Robot's exit code.
        has_output: whether there is an output to make pages of.
        abnormal_ends: how processes ended that did not end as Robot does, as sentences.
    """

    code: int
    has_output: bool = False
    abnormal_ends: Sequence[str] = ()


def run_rows(line: CommandLine, seconds: Mapping[str, float], most: int | None, handler: SignalHandler) -> Outcome:
    """Run the rows, and write output.xml, log, report and JUnit as one process would; say on stderr what goes wrong.

    Args:
        line: what the command line asks for.
        seconds: how long suites took in an earlier run, by their full names.
        most: how many processes at most; by the machine if None.
        handler: knows of signals.
    """
    os.environ.update(_OWN_ALLURE)
    alone = most == 1 or bool(line.option_for_one_process)
    first = Part((line.results / PARTS).resolve(), 1, os.getpid(), line.settings.log, seconds, is_alone=alone)
    try:
        with Progress(seconds, line.progress) as progress:
            if line.option_for_one_process and line.progress == "progress":
                progress.print_line(f"One process, because of {line.option_for_one_process}.")
            processes = RobotProcesses(first, _options_of_part(line), line.sources, progress, handler)
            ended, plan = processes.run(most)
    except OSError as error:
        sys.stderr.write(f"qa run: the rows cannot be run: {error}\n")
        return Outcome(NO_OUTPUT)
    if plan is None:
        remove_all(line.results, keep=line.read)
        code = ended[0].process.returncode if ended else 0
        return Outcome(code if code >= NO_OUTPUT else STOPPED_BY_USER if handler.by_signal else NO_OUTPUT)
    ends = [f"Process {one.part.number} of Robot {one.end}." for one in ended if one.end]
    try:
        result = combine({one.part.output: one.end for one in ended}, plan)
        if line.whole and not handler.by_signal and not ends:
            suite_seconds.write(line.results, seconds, result.suite)
        return Outcome(_write(line, result, ended), has_output=True, abnormal_ends=ends)
    except (DataError, OSError) as error:
        place = line.results / PARTS
        sys.stderr.write(f"qa run: the rows have run, and their parts in {place} cannot be put together: {error}\n")
        return Outcome(NO_VERDICT)


def _write(line: CommandLine, result: Result, processes: Sequence[PartProcess]) -> int:
    # As the listener does in a run of Robot by itself.
    if not line.options.get("tagstatinclude"):
        line.settings["TagStatExclude"].append("req:*")
    result.configure(status_rc=line.settings.status_rc, stat_config=line.settings.statistics_config)
    output = line.results / "output.xml"
    save(result, output)
    facts = list(_facts(processes))
    models = dict.fromkeys(model for one in facts for model in one["models"])
    gateway: dict[str, str] = next((one["gateway"] for one in facts if one["gateway"]), {})
    end_run(line.results / EVIDENCE_FOLDER / RUN_FILE, dict(result.suite.metadata), GatewayFacts(models, gateway))
    result.suite.handle_suite_teardown_failures()
    code = int(result.return_code)
    rows = [row_of(test) for test in result.suite.all_tests]
    del result
    sys.path[:0] = [str(path) for path in line.settings.pythonpath]
    LOGGER.register_console_logger(console="quiet")
    ResultWriter(str(output)).write_results(line.settings.get_rebot_settings())
    add_requirements(line.results / "xunit.xml", rows)
    shutil.rmtree(line.results / PARTS)
    return code


def _facts(processes: Sequence[PartProcess]) -> Any:
    """What each process learnt of the gateway; one that was killed may have left none, or a half."""
    for one in processes:
        with suppress(OSError, ValueError):
            yield json.loads(one.part.facts.read_bytes())


def _options_of_part(line: CommandLine) -> dict[str, Any]:
    """The options of each process: rows, variables and listeners as asked, and no page of its own."""
    allure = f"allure_robotframework:{line.results / ALLURE_RESULTS}"
    modifiers = [*line.options.get("prerunmodifier", ()), "keywords.hooks.modifier.RegisterModifier"]
    return {
        **{name: value for name, value in line.options.items() if name not in _CONSOLE},
        "listener": [*line.options.get("listener", ()), allure],
        "prerunmodifier": modifiers,
        "console": "none" if line.progress == "none" else "quiet",
        "log": "NONE",
        "report": "NONE",
        "xunit": "NONE",
    }
