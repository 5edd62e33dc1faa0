"""Robot listener: writes the evidence of each row, and adds its tags for Allure from the register.

`suites/__init__.robot` imports it as a library, so that no command line can forget it. The resource that all suites
share imports it too, so that it can refuse a suite that runs without its `__init__.robot`:

```robotframework
Library    keywords.hooks.listener.TraceabilityListener
```
"""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from robot.api import logger
from robot.api.deco import library
from robot.libraries.BuiltIn import BuiltIn
from robot.utils import escape

from keywords.engine.evidence.collector import COLLECTOR, folder_of_row
from keywords.engine.processes.gateway_command import CHOSEN
from keywords.engine.redaction.addresses import without_credentials
from keywords.hooks.cleaning import CleaningListener, LateCleaningListener
from keywords.hooks.modifier import enrich, find_register, report
from keywords.hooks.suite_model import row_of
from keywords.run.needs import UnknownNeedError, missing_needs
from keywords.traceability.allure.environment import commit
from keywords.traceability.evidence.earlier_run import remove_own
from keywords.traceability.evidence.row import PAGE, GatewayFacts, RowFacts, begin_run, end_run, log_sizes, write_row
from keywords.traceability.register.requirements import RegisterError
from keywords.traceability.results import EVIDENCE, NOT_STARTED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from robot import result, running

    from keywords.traceability.register.requirements import Requirement

INIT = "__init__.robot"
NAME = "keywords.hooks.listener.TraceabilityListener"
DISAGREE = f"{NOT_STARTED}the rows and the register disagree. The findings are among the errors of this run."
WITHOUT_INIT = (
    NOT_STARTED + "{init} provides the gateway, and Robot reads it only if its folder is named. Run: "
    "robot --suite {name} {folder}"
)


@library(scope="GLOBAL", doc_format="MARKDOWN", listener=["SELF", CleaningListener(), LateCleaningListener()])
class TraceabilityListener:
    """Acts at a row's end after all other listeners, Allure's included, and before Robot writes the row's result.

    It has no keywords. Robot sends a library's listener only the events of the importing suite, so the root suite adds
    the import to every suite below it.
    """

    ROBOT_LISTENER_API_VERSION = 3
    ROBOT_LISTENER_PRIORITY = -100

    def __init__(self) -> None:
        self._active = False
        self._gateway = GatewayFacts()
        self._log_sizes: dict[Path, int] = {}
        self._requirements: Mapping[str, Requirement] = {}

    def start_suite(self, data: running.TestSuite, result: result.TestSuite) -> None:
        """At the root: check the rows and begin the evidence; below: skip the setup of a suite without a row to run."""
        missing = _missing_init(data)
        if data.parent:
            if missing:
                _stop(data, missing)
            elif self._active and data.tests and all(_lacks_need(test) for test in data.tests):
                data.setup = data.teardown = None
            return
        self._active = False
        _import_below(data)
        if not BuiltIn().dry_run_active:
            # Pages that are made later must show the commit at the start of the run.
            result.metadata.update(_without_empty({"Commit": commit(), "Gateway command": CHOSEN}))
            # Robot's new log replaces the one that these belong to, even if this run starts no row.
            remove_own(_output_dir())
        try:
            self._requirements = enrich(data, find_register(data.source)).requirements
        except RegisterError as err:
            logger.error(report(err.problems))
            _stop(data, DISAGREE)
            return
        if missing:
            _stop(data, missing)
        elif not BuiltIn().dry_run_active:
            self._active = True
            self._gateway = GatewayFacts()
            begin_run(_output_dir())

    def start_test(self, data: running.TestCase, result: result.TestCase) -> None:  # Robot's signature
        """Begin the row's evidence, and skip the row if one of its needs is missing."""
        if not self._active:
            return
        shutil.rmtree(_folder(result), ignore_errors=True)
        self._log_sizes = log_sizes(_output_dir())
        COLLECTOR.start()
        try:
            missing = missing_needs(row_of(result).needs)
        except (UnknownNeedError, RuntimeError) as err:
            data.error = str(err)
        else:
            if missing:
                _skip(data, missing)

    def end_test(self, data: running.TestCase, result: result.TestCase) -> None:  # noqa: ARG002  # Robot's signature
        """Write the row's evidence, link it from the log, and remove the tags for Allure from the log."""
        result.tags.remove([tag for tag in result.tags if tag.startswith("allure.")])
        if not self._active:
            return
        folder = _folder(result)
        facts = _facts(result)
        proves = [self._requirements[id_] for id_ in facts.requirements]
        log = _log_of_row(result, folder)
        write_row(
            folder,
            facts,
            proves=proves,
            log=log,
            collector=COLLECTOR,
            gateway=self._gateway,
            sizes=self._log_sizes,
        )
        page = (folder / PAGE).relative_to(_output_dir()).as_posix()
        count = "1 exchange" if COLLECTOR.count == 1 else f"{COLLECTOR.count} exchanges"
        result.metadata[EVIDENCE] = f"[{page}|{count}]"

    def end_suite(self, data: running.TestSuite, result: result.TestSuite) -> None:
        """At the root: record model and gateway for the heads of all reports."""
        if data.parent or not self._active:
            return
        facts = {
            "Model": ", ".join(self._gateway.models) or _of_target("model"),
            "Gateway": _address(),
            "Gateway version": self._gateway.health.get("version", ""),
        }
        result.metadata.update(_without_empty({**facts, **result.metadata}))
        end_run(_output_dir(), dict(result.metadata), self._gateway)


def _import_below(suite: running.TestSuite) -> None:
    for child in suite.suites:
        child.resource.imports.library(NAME)
        _import_below(child)


def _stop(suite: running.TestSuite, why: str) -> None:
    """Let every row fail before its setup, in a dry run too."""
    suite.setup = suite.teardown = None
    for test in suite.tests:
        test.setup = test.teardown = None
        test.error = why
    for child in suite.suites:
        _stop(child, why)


def _lacks_need(test: running.TestCase) -> bool:
    try:
        return bool(missing_needs(row_of(test).needs))
    except (UnknownNeedError, RuntimeError):  # the row fails at its start
        return False


def _skip(test: running.TestCase, why: str) -> None:
    """Replace the row's steps by a skip."""
    test.setup = test.teardown = test.template = None
    test.body.clear()
    test.body.create_keyword("BuiltIn.Skip", args=[escape(why)])


def _missing_init(suite: running.TestSuite) -> str:
    """The reason and the remedy if no suite file provides a gateway for a suite; empty if one does."""
    ancestry = [suite]
    while ancestry[-1].parent:
        ancestry.append(ancestry[-1].parent)
    above = suite.source.parents if suite.source else ()
    folder = next((folder for folder in above if (folder / INIT).is_file()), None)
    provided = any(one.has_setup or one.source == folder for one in ancestry)
    if folder is None or provided or BuiltIn().dry_run_active:
        return ""
    # The root of a run of several paths is made up; `--suite` cannot select it.
    named = ancestry[-1] if ancestry[-1].source else suite
    return WITHOUT_INIT.format(init=_relative(folder / INIT), name=shlex.quote(named.name), folder=_relative(folder))


def _facts(result: result.TestCase) -> RowFacts:
    row = row_of(result)
    root = result.parent
    while root.parent:
        root = root.parent
    address = _address()
    # A run that started its own gateway does so again; a run that attached needs the address.
    target = ["-v", f"GATEWAY_URL:{address}"] if address and not _of_target("gateway") else []
    return RowFacts(
        name=row.name,
        suite=row.suite,
        requirements=row.requirements,
        kinds=row.kinds,
        status=result.status,
        message=result.message,
        started=result.start_time.isoformat(),
        elapsed_s=result.elapsed_time.total_seconds(),
        environment=_without_empty({**root.metadata, "Gateway": address}),
        rerun=shlex.join(["robot", *target, "--test", row.pattern, _relative(root.source)]),
    )


def _without_empty(facts: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in facts.items() if value}


def _of_target(fact: str) -> str:
    """A fact about the run's target; empty before the setup has set one."""
    return str(getattr(BuiltIn().get_variable_value("${TARGET}"), fact, None) or "")


def _address() -> str:
    return without_credentials(_of_target("url"))


def _output_dir() -> Path:
    return Path(str(BuiltIn().get_variable_value("${OUTPUT DIR}")))


def _folder(result: result.TestCase) -> Path:
    return folder_of_row(_output_dir(), result.parent.full_name, result.name)


def _log_of_row(result: result.TestCase, folder: Path) -> str | None:
    """The link from the row's evidence to the row in Robot's log; None if Robot writes no log."""
    log = str(BuiltIn().get_variable_value("${LOG FILE}"))
    return None if log == "NONE" else f"{quote(Path(os.path.relpath(log, folder)).as_posix())}#{result.id}"


def _relative(source: Path | None) -> str:
    if source is None:
        return "suites"
    return str(source.relative_to(Path.cwd())) if source.is_relative_to(Path.cwd()) else str(source)
