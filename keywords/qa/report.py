"""`qa report`: the page of load runs that the store has."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import Annotated

import typer

from keywords.qa.project import StorePath, results_folder
from keywords.qa.stored import find_runs, open_store
from keywords.qa.unusable import exit_unusable

_PAGES = "load"


def report(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="Load runs by their numbers, such as 3,5,7, or a series by its name; the last if left out."
        ),
    ] = None,
    slo: Annotated[
        list[str] | None,
        typer.Option(
            help='A level to judge, such as "ttft_p95 < 500 ms"; may be repeated. The run\'s own if left out.'
        ),
    ] = None,
    prices: Annotated[Path | None, typer.Option(help="Prices of models, for the cost.")] = None,
    store: StorePath = None,
    to: Annotated[Path | None, typer.Option(help="The page; in the results if left out.")] = None,
) -> None:
    """Write the page of stored load runs: verdict, what happened, charts, tables. No server is asked.

    Several runs, such as those of a sweep, come on one page. Exit code: 0 if the page was made, 2 if not.
    Examples: `qa report`, `qa report 7 --slo "ttft_p95 < 500 ms"`, `qa report 8,9,10 --to sweep.html`.
    """
    from keywords.engine.load.errors import LoadInputError  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.engine.load.metrics.cost import PriceError, price_of, read_prices  # noqa: PLC0415
    from keywords.engine.load.page.write import report_stored, write_load_page  # noqa: PLC0415
    from keywords.engine.load.service_levels import parse_service_level  # noqa: PLC0415
    from keywords.engine.store.errors import StoreError  # noqa: PLC0415
    from keywords.engine.store.runs import read_runs  # noqa: PLC0415

    try:
        levels = tuple(parse_service_level(text) for text in slo or ())
        table = {} if prices is None else read_prices(prices)
        with open_store(store) as opened:
            path = opened.path
            runs = {run.id: run for name in names or () for run in find_runs(opened, name)}
            runs = runs or {run.id: run for run in read_runs(opened, kind="load")[-1:]}
        if not runs:
            exit_unusable(f"{path} has no load run: measure one with qa load")
        reported = [
            report_stored(path, run.id, levels=levels, price=price_of(table, str(run.model))) for run in runs.values()
        ]
        page = to or results_folder() / _PAGES / f"run-{'-'.join(map(str, runs))}.html"
        typer.echo(str(write_load_page(page, reported)))
    except (LoadInputError, PriceError, StoreError) as error:
        exit_unusable(error)
    except OSError as error:
        exit_unusable(f"the page cannot be written ({error.strerror or error}): name another file with --to")
