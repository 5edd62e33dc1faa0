"""Load runs of other tools, imported."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isclose
from pathlib import Path

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.load.imported.figures import IMPORTS_ROOM, Figure, figure_of, read_figures
from keywords.engine.load.imported.files import read_file
from keywords.engine.load.imported.reporting import import_report
from keywords.engine.load.imported.storing import store_imports
from keywords.engine.load.metrics.summary import Summary
from keywords.engine.load.report.page import as_html
from keywords.engine.load.storage.columns import read_samples
from keywords.engine.store.database import Store
from keywords.run.assertions import verify
from keywords.run.output_folder import new_work_folder
from keywords.run.robot_process import ChildRun, run_module

_RELATIVE = 1e-5
"""The files keep times in whole microseconds, or as seconds since 1970 with as many digits."""


@dataclass(frozen=True, slots=True)
class ImportedLoad:
    """A load run of another tool.

    Attributes:
        run: its id in a store of its own.
        summary: the numbers of its samples; none if the file has only figures.
        figures: as the tool computed them.
    """

    run: int
    summary: Summary = field(repr=False)
    figures: tuple[Figure, ...] = field(repr=False)


@library(scope="GLOBAL", doc_format="MARKDOWN")
class LoadImportsLibrary:
    """Import load runs of AIPerf, GuideLLM, `vllm bench serve` and Locust; `docs/IMPORTS.md` has the names.

    ```robotframework
    ${run} =    Import Load Run    ${IMPORTS}/locust/stream_stats.csv
    Get Tool Figure    ${run}    error_rate    value    ==    0
    ```
    """

    @keyword
    def import_load_run(self, file: Path) -> ImportedLoad:
        """Import a run from a file of its tool, into a store among the row's evidence, and log its report.

        Raises:
            ImportedFileError: no known tool wrote the file, or it cannot be used.

        ```robotframework
        ${run} =    Import Load Run    ${IMPORTS}/guidellm/benchmarks.json
        ```
        """
        path = new_work_folder("import") / "measurements.db"
        (run,) = store_imports(path, [read_file(file)])
        logger.info(as_html(import_report(path, run)), html=True)
        with Store(path, IMPORTS_ROOM) as store:
            figures = tuple(read_figures(store, run))
        return ImportedLoad(run, Summary(read_samples(path, run)), figures)

    @keyword
    def run_import_command(self, *arguments: str) -> ChildRun:
        """Run a `qa import …` command line to its end; its store lies among the row's evidence.

        Args:
            arguments: what follows `qa import`.

        Returns:
            Exit code, standard output and standard error.

        ```robotframework
        ${import} =    Run Import Command    ${CURDIR}/imports.robot
        Get Exit Code    ${import}    ==    2
        ```
        """
        folder = new_work_folder("import")
        return run_module("keywords.qa.cli", "import", *arguments, "--store", folder / "measurements.db", folder=folder)

    @keyword
    def get_tool_figure(
        self,
        run: ImportedLoad,
        metric: str,
        statistic: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """Get a figure as the tool itself computed it, by this project's name and unit: times are in seconds.

        Args:
            run: an imported one.
            metric: this project's name.
            statistic: n, mean, min, max, std, p50, p90, p95, p99, or value where there is only one.
            assertion_operator: such as `<`.
            assertion_expected: in the metric's unit.
            message: replaces the usual message.

        Raises:
            AssertionError: the comparison failed, or the tool gave no such figure.

        ```robotframework
        Get Tool Figure    ${run}    ttft_first_content    p95    <    0.5
        ```
        """
        value = figure_of(run.figures, metric, statistic)
        if value is None:
            names = sorted({f"{each.ours} {each.statistic}" for each in run.figures if each.ours})
            raise AssertionError(f"The tool gave no {statistic} of {metric}; it gave {', '.join(names)}")
        label = f"{statistic} of {metric}, as the tool computed it"
        return verify(value, assertion_operator, assertion_expected, label, message)

    @keyword
    def mean_of_samples_should_be_the_tools(self, run: ImportedLoad, metric: str) -> None:
        """Fail unless the mean of a metric over the imported samples is the one that the tool computed.

        Raises:
            AssertionError: it is another one, or there is none.

        ```robotframework
        Mean Of Samples Should Be The Tools    ${run}    e2e
        ```
        """
        ours, theirs = run.summary.mean(metric, 0), figure_of(run.figures, metric, "mean")
        if ours is None or theirs is None or not isclose(ours, theirs, rel_tol=_RELATIVE):
            raise AssertionError(f"The mean of {metric} over the samples is {ours}, and the tool computed {theirs}")
        logger.info(f"both are {ours:.9f}")
