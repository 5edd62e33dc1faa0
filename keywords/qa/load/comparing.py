"""What `qa compare` says of load runs, and `qa baseline`, which keeps them."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from keywords.qa import exits
from keywords.qa.project import StorePath, results_folder
from keywords.qa.stored import find_runs, open_store
from keywords.qa.unusable import exit_unusable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keywords.engine.load.comparison.series import Series
    from keywords.engine.load.comparison.verdicts import Comparison
    from keywords.engine.store.runs import Run

app = typer.Typer(no_args_is_help=True, help="Keep a series of load runs in the repository, to compare with.")


def compare_loads(first: Series, second: Series, *, across_machines: bool, page: Path | None = None) -> int:
    """Compare two series of load runs, print the verdict with its table, write its page, and return the exit code."""
    from keywords.engine.load.comparison.compare import compare  # noqa: PLC0415  # numpy, which `qa --help` lacks

    return show(compare(first, second, across_machines=across_machines), page)


def show(comparison: Comparison, page: Path | None = None) -> int:
    """Print a comparison, write its page if one is asked for, and return the exit code."""
    from keywords.engine.load.comparison.text import describe  # noqa: PLC0415  # numpy, which `qa --help` lacks
    from keywords.engine.load.comparison.verdicts import Verdict  # noqa: PLC0415  # as above

    for line in describe(comparison):
        typer.echo(line)
    if page is not None:
        from keywords.engine.load.page.comparison import write_comparison_page  # noqa: PLC0415  # as above

        typer.echo(str(write_comparison_page(page, comparison)), err=True)
    return {
        Verdict.FASTER: exits.PASS,
        Verdict.SAME: exits.PASS,
        Verdict.SLOWER: exits.FAIL,
        Verdict.NO_VERDICT: exits.NO_VERDICT,
        Verdict.INCONCLUSIVE: exits.INCONCLUSIVE,
    }[comparison.verdict]


def read_baseline_named(name: str) -> Series:
    """The baseline of this name in the results.

    Raises:
        SeriesError: there is none that can be used.
    """
    from keywords.engine.load.comparison.baseline import baseline_file, read_baseline  # noqa: PLC0415  # as above

    return read_baseline(baseline_file(results_folder(), name))


def read_series_of(store: Path, name: str, runs: Sequence[Run]) -> Series:
    """The series of these runs.

    Raises:
        SeriesError: one is no load run.
        StoreError: the store cannot be read.
    """
    from keywords.engine.load.comparison.reading import read_series  # noqa: PLC0415  # as above

    return read_series(store, name, runs)


@app.callback()
def _group() -> None:
    """Keep a series of load runs in the repository, to compare with."""


@app.command()
def keep(
    name: Annotated[str, typer.Argument(help="Of the baseline: `baseline:NAME` for `qa compare`.")],
    series: Annotated[str, typer.Argument(help="A series by its name, or runs by their numbers, such as 3,5,7,8,9.")],
    store: StorePath = None,
) -> None:
    """Keep a series of load runs as results/baselines/load/NAME.json, which git tracks; an older one is replaced.

    It holds one figure of each run and metric, the hash of what was sent, the load, and the client's machine; no
    request and no address. Exit code 0, or 2 if the series has fewer than five runs or one of them proves nothing.
    Example: `qa load http://host:8000 --rounds 5 --name release`, then `qa baseline keep release release`.
    """
    from keywords.engine.load.comparison.baseline import baseline_file, keep_baseline  # noqa: PLC0415  # as above
    from keywords.engine.load.comparison.series import SeriesError  # noqa: PLC0415
    from keywords.engine.store.errors import StoreError  # noqa: PLC0415

    try:
        file = baseline_file(results_folder(), name)
        with open_store(store) as opened:
            kept = read_series_of(opened.path, series, find_runs(opened, series))
        keep_baseline(kept, name, file)
    except (SeriesError, StoreError) as error:
        exit_unusable(error)
    typer.echo(f"{file}: {len(kept.runs)} load runs of {series}")
