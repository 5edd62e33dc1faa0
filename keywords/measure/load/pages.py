"""Charts and pages of load runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.charts.chart import Chart, as_fragment
from keywords.engine.load.outcome import report_of
from keywords.engine.load.page.charts import charts_across, charts_of
from keywords.engine.load.page.stored import load_of
from keywords.engine.load.page.write import ReportedLoad, report_stored, write_load_page
from keywords.engine.load.service_levels import parse_service_level
from keywords.engine.load.session import LoadRun
from keywords.engine.load.storage.synthetic import write_samples
from keywords.engine.redaction.secrets import SECRETS
from keywords.run.assertions import verify
from keywords.run.output_folder import evidence_folder, new_work_folder

_CHUNKS = 20


@library(scope="GLOBAL", doc_format="MARKDOWN")
class LoadPagesLibrary:
    """Draw load runs: charts in the log and among the evidence, from where Allure takes them, and whole pages.

    ```robotframework
    ${run} =    Run Load    users=1,10    duration=5 s
    Show Load Charts    ${run}    ttft_p95 < 500 ms
    ```
    """

    @keyword
    def show_load_charts(self, run: LoadRun, *levels: str) -> list[Chart]:
        """Draw a load run, and show its charts in the log; each is an SVG file among the row's evidence too.

        It takes a second: matplotlib is imported for it.

        Args:
            run: the load run.
            levels: service levels, for the limit lines.

        Returns:
            The charts.

        Raises:
            ServiceLevelError: a level is none.

        ```robotframework
        Show Load Charts    ${run}    ttft_p95 < 500 ms    error_rate < 1 %
        ```
        """
        chosen = [parse_service_level(level) for level in levels]
        load = load_of(run)
        charts = [*charts_of(load, chosen), *charts_across([load], chosen)]
        logger.info(SECRETS.clean(as_fragment(charts)), html=True)
        for chart in charts:
            file = evidence_folder() / f"load run {run.run} {chart.name}.svg"
            file.write_bytes(SECRETS.redact(chart.as_file().encode()))
        return charts

    @keyword
    def write_page_of_load(self, run: LoadRun, *levels: str) -> Path:
        """Write the page of a load run, as `qa load --report` does, among the row's evidence.

        Args:
            run: the load run.
            levels: service levels to judge.

        Raises:
            ServiceLevelError: a level is none.

        ```robotframework
        ${page} =    Write Page Of Load    ${run}    ttft_p95 < 500 ms
        ```
        """
        chosen = tuple(parse_service_level(level) for level in levels)
        report = report_of(run, levels=chosen)
        reported = ReportedLoad(load_of(run), report, chosen)
        return write_load_page(evidence_folder() / f"load run {run.run}.html", [reported])

    @keyword
    def write_page_of_samples(self, samples: int) -> Path:
        """Write the page of a load run of so many synthetic samples, each hundredth failed.

        Args:
            samples: their number.

        ```robotframework
        ${page} =    Write Page Of Samples    100000
        ```
        """
        store = new_work_folder("load") / "measurements.db"
        run = write_samples(store, samples, _CHUNKS)
        return write_load_page(evidence_folder() / f"load run of {samples}.html", [report_stored(store, run)])

    @keyword
    def write_store_of_samples(self, samples: int, *series: str) -> Path:
        """Write a store with a load run of so many synthetic samples for each series that is named.

        Args:
            samples: of each load run.
            series: a name for each load run; a name may be repeated.

        ```robotframework
        ${store} =    Write Store Of Samples    200    before    before    after
        ```
        """
        store = new_work_folder("load") / "measurements.db"
        for name in series:
            write_samples(store, samples, _CHUNKS, series=name)
        return store

    @keyword
    def get_megabytes(
        self,
        file: Path,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
    ) -> float:
        """The size of a file in 10^6 bytes.

        ```robotframework
        Get Megabytes    ${page}    <    2
        ```
        """
        size = file.stat().st_size / 1e6
        return verify(size, assertion_operator, assertion_expected, f"Megabytes of {file.name}", message)
