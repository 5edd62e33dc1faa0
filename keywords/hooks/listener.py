"""Robot listener: writes the evidence of each row, and adds its tags for Allure from the register.

`suites/__init__.robot` imports it as a library, so that no command line can forget it. The resource that all suites
share imports it too, so that it can refuse a suite that runs without its `__init__.robot`:

```robotframework
Library    keywords.hooks.listener.TraceabilityListener
```
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from robot.api import logger
from robot.api.deco import keyword, library
from robot.libraries.BuiltIn import BuiltIn

from keywords.engine.evidence.collector import COLLECTOR
from keywords.engine.evidence.folders import evidence_of_row, work_of_row
from keywords.engine.processes.bytecode import keep_bytecode
from keywords.engine.processes.gateway_command import CHOSEN
from keywords.engine.redaction.addresses import without_credentials
from keywords.hooks import output
from keywords.hooks.cleaning import CleaningListener, LateCleaningListener
from keywords.hooks.known_bugs import KnownBugs
from keywords.hooks.modifier import enrich, find_register
from keywords.hooks.rerun import rerun_command
from keywords.hooks.robot_settings import ShortConsole, hide_statistics
from keywords.hooks.skips import lacks_need, needs_target, record_missing_needs
from keywords.hooks.stopping import RunRefusedError, missing_init, reason, skip, stop, stop_after
from keywords.hooks.suite_model import import_below, names_of_suites_around, root_of, row_of, source_of
from keywords.hooks.tags import TagKeeper
from keywords.hooks.variables import check_variable_names, limits_of
from keywords.run.needs import UnknownNeedError, missing_needs
from keywords.run.output_folder import made_here, output_dir
from keywords.run.shared_run import current_part
from keywords.traceability.allure.environment import commit
from keywords.traceability.evidence.row import PAGE, GatewayFacts, RowFacts, write_row
from keywords.traceability.evidence.workings import Workings
from keywords.traceability.results import DRY_RUN, EVIDENCE, NOT_STARTED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from robot import result, running

    from keywords.traceability.register.requirements import Requirement
    from keywords.traceability.rows import Row

NAME = "keywords.hooks.listener.TraceabilityListener"


@library(scope="GLOBAL", doc_format="MARKDOWN")
class TraceabilityListener:
    """Acts at a row's end before all other listeners, so that each of them sees a row without evidence fail.

    Robot sends a library's listener only the events of the importing suite, so the first suite that
    imports it adds the import to all others. A run of several paths has a root that no file stands for: the listener
    hears of its suites, and not of the root itself.

    Robot goes on after an exception in a listener; therefore each event turns any exception into failed rows.
    """

    ROBOT_LISTENER_API_VERSION = 3
    ROBOT_LISTENER_PRIORITY = 100

    def __init__(self) -> None:
        self.ROBOT_LIBRARY_LISTENER = [self, CleaningListener(), TagKeeper(), LateCleaningListener()]
        self._root: running.TestSuite | None = None
        self._hears_root = False
        self._active = False
        self._needs_recorded = False
        self._gateway = GatewayFacts()
        self._workings: Workings | None = None
        self._requirements: Mapping[str, Requirement] = {}
        self._known: KnownBugs | None = None
        self._row: Row | None = None
        self._give_back: Callable[[], None] = lambda: None
        self._console = ShortConsole()
        self._refused = ""

    @keyword
    def run_should_be_checked(self) -> None:
        """Verify that rows are checked and leave evidence. Where this library cannot be imported, it fails as unknown.

        Raises:
            AssertionError: the run was refused, or this listener heard nothing of its start.

        ```robotframework
        Run Should Be Checked
        ```
        """
        if not self._active:
            raise AssertionError(self._refused or "The listener heard nothing of the start of this run.")

    def start_suite(self, data: running.TestSuite, result: result.TestSuite) -> None:
        """At first: check all rows and begin the evidence; below: skip the setup of a suite without a row to run."""
        try:
            root = root_of(data)
            if root is not self._root:
                self._root, self._hears_root, self._active, self._refused = root, data is root, False, ""
                self._start_run(root, root_of(result))
            if data.parent:
                self._start_suite_below(data)
        except Exception as error:  # noqa: BLE001  # whatever it is, no row may pass unchecked
            why = NOT_STARTED + reason(error)
            if self._active:
                stop(data, why)
            else:
                self._refuse(root_of(data), why)

    def _refuse(self, root: running.TestSuite, why: str) -> None:
        self._active, self._refused = False, why
        stop(root, why)
        if self._hears_root:
            self._console.begin()

    def _start_run(self, root: running.TestSuite, result: result.TestSuite) -> None:
        import_below(root, NAME)
        hide_statistics("req:*")
        self._give_back = output.lock(may_set_aside=self._hears_root)
        dry = BuiltIn().dry_run_active
        if dry:
            result.metadata[DRY_RUN] = "yes"
        else:
            # Pages that are made later must show the commit at the start of the run.
            result.metadata.update(_without_empty({"Commit": commit(), "Gateway command": CHOSEN}))
            output.empty()
        check_variable_names(root)
        register = enrich(root, find_register(source_of(root)))
        self._requirements, self._known = register.requirements, KnownBugs(register)
        result.metadata.update(limits_of(register))
        for child in () if root.source else root.suites:
            if missing := missing_init(child):
                stop(child, missing)
        if missing := missing_init(root):
            self._refuse(root, missing)
        elif not dry:
            self._needs_recorded = False
            self._gateway = GatewayFacts()
            output.begin([row_of(test) for test in root.all_tests])
            keep_bytecode()
            self._active = True
            if self._hears_root and not any(needs_target(test) for test in root.all_tests):
                # A model is not loaded for rows that nobody can run here, or that are about the machine.
                root.setup = root.teardown = None

    def _start_suite_below(self, data: running.TestSuite) -> None:
        if self._refused:
            return
        if missing := missing_init(data):
            stop(data, missing)
        elif self._active and data.tests and all(lacks_need(test) for test in data.tests):
            data.setup = data.teardown = None

    def end_keyword(self, data: running.Keyword, result: result.Keyword) -> None:  # noqa: ARG002  # Robot's signature
        """Keep the rows off the console if the setup of the outermost suite failed: all fail for its reason."""
        if result.type == "SETUP" and result.failed and self._hears_root and result.parent.parent is None:
            self._console.begin()

    def start_test(self, data: running.TestCase, result: result.TestCase) -> None:
        """Begin the row's evidence, and skip the row if one of its needs is missing."""
        if not self._active or _was_refused(data):
            return
        try:
            # As written: a suite setup may change the tags of the result.
            self._row = row_of(data)
            for folder in (_folder(result), work_of_row(output_dir(), result.parent.full_name, result.name)):
                if folder.exists():
                    shutil.rmtree(folder)
            own = made_here() if current_part() else None
            self._workings = Workings(output_dir(), names_of_suites_around(result), result.name, own=own)
            COLLECTOR.start()
            if not self._needs_recorded:
                # Before the first row, and after the setup of the root suite, which provides the target.
                self._needs_recorded = True
                record_missing_needs(data, result)
            if missing := missing_needs(self._row.needs):
                skip(data, missing)
        except (UnknownNeedError, RuntimeError) as error:
            data.error = str(error)
        except Exception as error:  # noqa: BLE001  # a row without a beginning must not pass
            data.error = f"The row was not run: {reason(error)}"

    def end_test(self, data: running.TestCase, result: result.TestCase) -> None:
        """Write the row's evidence, and link it from the log; a row without evidence fails, and the run stops."""
        if _was_refused(data):
            # `--skiponfailure` has made a skip of it.
            result.status, result.message = "FAIL", str(data.error)
            return
        if not self._active:
            return
        try:
            judged = self._known.judge(self._row, result) if self._known and self._row else None
            self._write_evidence(data, result, judged.known_as if judged else "")
            KnownBugs.mark(judged, result)
        except Exception as error:  # noqa: BLE001  # a row without evidence must not pass
            why = reason(error)
            logger.error(f"Row '{result.full_name}': {why}")
            result.message = "\n\n".join(filter(None, (result.message, f"The row left no evidence: {why}")))
            result.status = "FAIL"
            stop_after(data, NOT_STARTED + why)

    def _write_evidence(self, data: running.TestCase, result: result.TestCase, known_as: str) -> None:
        if self._row is None or self._workings is None:
            raise RunRefusedError("the listener saw no beginning of the row.")
        folder = _folder(result)
        facts = _facts(self._row, result, known_as)
        write_row(
            folder,
            facts,
            proves=[self._requirements[id_] for id_ in facts.requirements],
            log=output.log_of_row(data, folder),
            collector=COLLECTOR,
            gateway=self._gateway,
            workings=self._workings,
        )
        page = (folder / PAGE).relative_to(output_dir()).as_posix()
        count = "1 exchange" if COLLECTOR.count == 1 else f"{COLLECTOR.count} exchanges"
        result.metadata[EVIDENCE] = f"[{page}|{count}]"

    def end_suite(self, data: running.TestSuite, result: result.TestSuite) -> None:
        """At the end of the run: record model and gateway for the heads of all reports."""
        if data.parent and self._hears_root:
            return
        try:
            result = root_of(result)
            self._console.end()
            self._give_back()
            if not self._active:
                result.message = result.message or self._refused
                return
            facts = {
                "Model": ", ".join(self._gateway.models) or _of_target("model"),
                "Gateway": _address(),
                "Gateway version": self._gateway.health.get("version", ""),
            }
            result.metadata.update(_without_empty({**facts, **result.metadata}))
            output.end(dict(result.metadata), self._gateway)
        except Exception as error:  # noqa: BLE001  # a run without its facts must not pass
            why = reason(error)
            logger.error(why)
            result.suite_teardown_failed(why)
            before = f"{result.message}\n\nAlso suite" if result.message else "Suite"
            result.message = f"{before} teardown failed:\n{why}"


def _was_refused(row: running.TestCase) -> bool:
    return str(row.error or "").startswith(NOT_STARTED)


def _facts(row: Row, result: result.TestCase, known_as: str) -> RowFacts:
    root = root_of(result.parent)
    address = _address()
    return RowFacts(
        name=row.name,
        suite=row.suite,
        requirements=row.requirements,
        kinds=row.kinds,
        tags=row.tags,
        known_as=known_as,
        status=result.status,
        message=result.message,
        started=result.start_time.isoformat(),
        elapsed_s=result.elapsed_time.total_seconds(),
        environment=_without_empty({**root.metadata, "Gateway": address}),
        # A run that started its own gateway does so again; a run that attached needs the address.
        rerun=rerun_command(row, result.parent, attached_to="" if _of_target("gateway") else address),
    )


def _without_empty(facts: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in facts.items() if value}


def _of_target(fact: str) -> str:
    """A fact about the run's target; empty before the setup has set one."""
    return str(getattr(BuiltIn().get_variable_value("${TARGET}"), fact, None) or "")


def _address() -> str:
    return without_credentials(_of_target("url"))


def _folder(result: result.TestCase) -> Path:
    return evidence_of_row(output_dir(), result.parent.full_name, result.name)
