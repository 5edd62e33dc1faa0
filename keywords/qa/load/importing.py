"""`qa import`: load runs of other tools into the store."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import Annotated

import typer

from keywords.qa.project import StorePath, results_folder
from keywords.qa.unusable import exit_unusable


def import_runs(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Files of AIPerf, GuideLLM, `vllm bench serve` or Locust: one for each run.", metavar="FILE…"
        ),
    ],
    name: Annotated[
        str | None, typer.Option(help="The series, under which runs are compared; tool and model if left out.")
    ] = None,
    store: StorePath = None,
) -> None:
    """Import load runs of AIPerf, GuideLLM, `vllm bench serve` or Locust, each metric under this project's name.

    What differs from this project's metric and what has no name here is said, and kept with the run. AIPerf's summary
    takes the records beside it, and Locust's statistics their history. Exit code: 0, or 2 if a file cannot be used;
    then nothing is stored. Example: `qa import out/profile_export_aiperf.json --name nightly`.
    """
    from keywords.engine.load.errors import LoadInputError  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.engine.load.imported.files import read_file  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.engine.load.imported.reporting import import_report  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.engine.load.imported.storing import store_imports  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.engine.store.errors import StoreError  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.qa.load.printing import print_report  # noqa: PLC0415  # keeps `qa --help` fast

    path = store or results_folder() / "measurements.db"
    try:
        runs = store_imports(path, [read_file(file) for file in files], name)
        for run in runs:
            print_report(import_report(path, run))
    except (LoadInputError, StoreError) as error:
        exit_unusable(error)
