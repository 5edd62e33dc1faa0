"""`qa scoreboard`: several servers side by side, from the runs attached to them."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import Annotated

import typer

from keywords.qa.inputs import register_at, rows_in, run_of
from keywords.qa.project import RegisterPath, SuitesPath, project_folder, results_folder
from keywords.qa.unusable import exit_unusable


def scoreboard(
    runs: Annotated[
        list[Path], typer.Argument(help="Folders of results, each named like a server's file in targets/.")
    ],
    register: RegisterPath,
    suites: SuitesPath,
) -> None:
    """Write `docs/SCOREBOARD.md` and a page of what each server does, requirement by requirement.

    `gateway` is the name of this project's own; names of others are those of files in `resources/register/targets/`.
    Example: `qa scoreboard results/scoreboard/gateway results/scoreboard/llamacpp`.
    """
    from keywords.traceability.bugs.known import known_defects, with_known  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.traceability.matrix.table import build  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.traceability.register.differences import load_target  # noqa: PLC0415  # as above
    from keywords.traceability.register.yaml_file import RegisterError  # noqa: PLC0415  # as above
    from keywords.traceability.scoreboard import SERVER_VERSION, Server, write_scoreboard  # noqa: PLC0415  # as above

    known, rows = register_at(register), rows_in(suites)
    servers = []
    for folder in runs:
        run = run_of(folder / "output.xml")
        name, version = "this gateway", run.metadata.get(SERVER_VERSION, "")
        if folder.name != "gateway":
            try:
                target = load_target(register, folder.name)
            except RegisterError as err:
                exit_unusable(err)
            name, version = target.name, run.metadata.get(SERVER_VERSION, target.version)
            if version != target.version:
                typer.echo(f"{name}: asked was {version}, and its differences are of {target.version}", err=True)
            run = with_known(run, known_defects({}, target, folder.name))
        servers.append(Server(name, version, build(known, run, rows)))
    day = max(server.matrix.run.started for server in servers)[:10]
    markdown, page = project_folder() / "docs" / "SCOREBOARD.md", results_folder() / "scoreboard" / "index.html"
    try:
        write_scoreboard(servers, markdown, page, day)
    except OSError as err:
        exit_unusable(f"the scoreboard cannot be written: {err}")
    typer.echo(f"{markdown}\n{page}")
