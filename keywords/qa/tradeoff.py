"""`qa tradeoff`: quality, speed and cost of a choice on one page."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import Annotated

import typer

from keywords.qa.project import StorePath, results_folder
from keywords.qa.stored import open_store
from keywords.qa.unusable import exit_unusable

_FEWEST = 2


def tradeoff(
    names: Annotated[list[str], typer.Argument(help="Series of load runs and evaluations, or models: two or more.")],
    prices: Annotated[Path | None, typer.Option(help="Prices of models, for the cost.")] = None,
    store: StorePath = None,
    to: Annotated[Path | None, typer.Option(help="The page; in the results if left out.")] = None,
) -> None:
    """Put quality, speed and cost of models, quantisations or backends on one page, and say what is missing.

    A name takes the load runs and the evaluations of its series: `qa load … --name q4`, `qa eval … --series q4`. It
    shows and does not judge; `qa compare` does. Exit code: 0 if the page was made, 2 if not.
    Example: `qa tradeoff q8 q4 --prices prices.yaml`.
    """
    from keywords.engine.evaluation.items import DatasetError  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.engine.load.errors import LoadInputError  # noqa: PLC0415
    from keywords.engine.load.metrics.cost import PriceError, read_prices  # noqa: PLC0415
    from keywords.engine.store.errors import StoreError  # noqa: PLC0415
    from keywords.engine.tradeoff.page import cautions, tradeoff_rows, tradeoff_sentences, write_tradeoff_page  # noqa: PLC0415
    from keywords.engine.tradeoff.side import read_side  # noqa: PLC0415

    if len(dict.fromkeys(names)) < _FEWEST:
        exit_unusable("a choice is between two or more: name them")
    try:
        table = {} if prices is None else read_prices(prices)
        with open_store(store) as opened:
            path = opened.path
        sides = [read_side(path, name, table) for name in dict.fromkeys(names)]
        for name, *cells in tradeoff_rows(sides):
            typer.echo(f"{name}: {', '.join(f'{side.name} {cell}' for side, cell in zip(sides, cells, strict=True))}")
        for sentence in (*tradeoff_sentences(sides), *cautions(sides)):
            typer.echo(sentence)
        page = to or results_folder() / "tradeoff.html"
        typer.echo(str(write_tradeoff_page(page, sides)))
    except (DatasetError, LoadInputError, PriceError, StoreError) as error:
        exit_unusable(error)
    except OSError as error:
        exit_unusable(f"the page cannot be written ({error.strerror or error}): name another file with --to")
