"""Load by Locust: one process, or a master and its workers."""

from __future__ import annotations

from datetime import timedelta

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.load.locust.options import load_of
from keywords.engine.load.locust.running import run_locust
from keywords.engine.load.metrics.summary import Summary
from keywords.engine.load.session import LoadRun
from keywords.engine.load.storage.columns import read_samples
from keywords.engine.load.storage.tables import LOAD_ROOM
from keywords.engine.load.validity import judge
from keywords.engine.store.database import Store
from keywords.measure.load.plans import here
from keywords.measure.load.report import show_report
from keywords.measure.load.running import STORE, running_name
from keywords.run.assertions import verify
from keywords.run.output_folder import new_work_folder, output_dir

_LATE_S = 60.0
_FIVE_SECONDS = timedelta(seconds=5)


@library(scope="GLOBAL", doc_format="MARKDOWN")
class LocustLibrary:
    """Send load to `${GATEWAY_URL}` by Locust, for what outgrows one machine.

    Its users send and read as [Run Load] does, and its samples stand in the same tables, so `LoadMetricsLibrary` reads
    them. Locust runs in processes of its own.

    ```robotframework
    ${run} =    Run Locust    users=1,10,20    duration=10 s    workers=2
    Get Error Rate    ${run}    ==    0
    ```
    """

    @keyword
    def run_locust(
        self,
        *,
        users: str,
        duration: timedelta = _FIVE_SECONDS,
        workers: int = 0,
        prompt: str = "Say hello.",
        max_tokens: int | None = None,
        series: str | None = None,
    ) -> LoadRun:
        """Let Locust's users send and send again, in one stage or several.

        Requests that are sent while users come or go belong to no stage.

        Args:
            users: number of users of each stage, such as `1,10,20`.
            duration: of each stage, in whole seconds.
            workers: processes that send, beside a master; 0 for one process that does both.
            prompt: the user message of every request.
            max_tokens: upper bound of each answer.
            series: name under which runs are compared; the row's name if left out.

        Raises:
            LoadInputError: the users or the duration cannot be used; no load was sent.
            LoadRunError: Locust failed, or is not installed.

        ```robotframework
        ${run} =    Run Locust    users=1,10    duration=2 s    max_tokens=4
        ```
        """
        server, name = here(), series or running_name()
        options = {
            "--load-users": users,
            "--load-for": f"{duration.total_seconds():g}s",
            "--load-model": server.model,
            "--load-prompt": prompt,
            "--load-max-tokens": "" if max_tokens is None else str(max_tokens),
            "--load-series": name,
        }
        values = {option.removeprefix("--").replace("-", "_"): value for option, value in options.items()}
        load = load_of(values, url=server.url, api_key=server.api_key)
        limit_s = sum(stage.duration_s or 0.0 for stage in load.plan.stages) + _LATE_S
        store = output_dir() / STORE
        found = run_locust(
            options,
            url=server.url,
            api_key=server.api_key,
            store=store,
            folder=new_work_folder("locust"),
            workers=workers,
            timeout_s=limit_s,
        )
        logger.info(f"processes {', '.join(map(str, found.processes))}; {found.said}")
        run = LoadRun(
            run=found.run,
            store=store,
            series=name,
            plan=load.plan,
            facts=found.facts,
            summary=Summary(read_samples(store, found.run)),
            validity=judge(found.facts),
            cautions=(),
            signals=(),
            pages_at=(),
            server_problem=None,
            happened=(),
        )
        show_report(run)
        return run

    @keyword
    def get_stored_requests(
        self,
        run: LoadRun,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """Get the number of a load run's requests in the store, those between its stages included.

        Raises:
            AssertionError: the comparison failed.

        ```robotframework
        Get Stored Requests    ${run}    ==    ${received}
        ```
        """
        label = "Number of stored requests"
        return verify(len(run.summary.samples.item), assertion_operator, assertion_expected, label, message)

    @keyword
    def get_sending_processes(
        self,
        run: LoadRun,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """Get the number of client processes that sent requests of a load run.

        Raises:
            AssertionError: the comparison failed.

        ```robotframework
        Get Sending Processes    ${run}    ==    2
        ```
        """
        counts = "SELECT process, count(*) FROM samples WHERE run = ? GROUP BY process"
        with Store(run.store, LOAD_ROOM) as store:
            found = dict(store.query(counts, (run.run,)))
        details = ", ".join(f"process {process}: {count} requests" for process, count in sorted(found.items()))
        label = "Number of client processes that sent requests"
        return verify(len(found), assertion_operator, assertion_expected, label, message, details)
