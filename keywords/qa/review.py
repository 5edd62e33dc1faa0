"""`qa review`: note that rows were read against the text of their requirement as it is today."""

from __future__ import annotations

from typing import Annotated

import typer

from keywords.qa.inputs import register_at, rows_in
from keywords.qa.project import RegisterPath, SuitesPath  # noqa: TC001  # typer reads the annotations
from keywords.qa.unusable import exit_unusable


def review(
    register: RegisterPath,
    suites: SuitesPath,
    requirements: Annotated[list[str] | None, typer.Argument(help="Ids of requirements, such as CHAT-003.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All requirements.")] = False,
) -> None:
    """Note that you have read requirements and their rows together; until their text changes, no row is suspect.

    It writes `reviewed.json` beside the register: commit it with the change that you reviewed.
    Examples: `qa review CHAT-003`, `qa review --all`.
    """
    from keywords.traceability.register.register import REVIEWS  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.traceability.register.reviews import fingerprint, save_reviews  # noqa: PLC0415  # keeps `qa --help` fast

    known, rows = register_at(register), rows_in(suites)
    chosen = list(known.requirements) if everything else requirements or []
    if not chosen:
        exit_unusable("name the requirements that you have reviewed, or all of them by --all")
    if unknown := [id_ for id_ in chosen if id_ not in known.requirements]:
        exit_unusable(f"{register} holds no {', '.join(unknown)}: name requirements of the register")
    reviews = {id_: dict(held) for id_, held in known.reviews.items() if not everything or id_ in known.requirements}
    changed = 0
    for id_ in chosen:
        today = fingerprint(known.requirements[id_])
        now = {row.name: today for row in rows if id_ in row.requirements}
        changed += len(now.items() ^ reviews.get(id_, {}).items())
        reviews[id_] = now
    save_reviews(register.parent / REVIEWS, reviews)
    of = "1 requirement" if len(chosen) == 1 else f"{len(chosen)} requirements"
    typer.echo(
        f"{register.parent / REVIEWS}: {of} reviewed, {changed} {'entry' if changed == 1 else 'entries'} changed"
    )
