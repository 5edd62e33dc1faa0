"""The options of the commands about evaluations; what they do stands in the modules beside."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import Annotated

import typer

from keywords.qa.project import ModelOption, StorePath, results_folder
from keywords.qa.server import UrlOption  # noqa: TC001  # typer reads the annotations


def evaluate(
    names: Annotated[list[str] | None, typer.Argument(help="Sets, such as short-facts; `--list` shows them.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All sets.")] = False,  # noqa: FBT002
    show: Annotated[bool, typer.Option("--list", help="List the sets and scorers, and ask nothing.")] = False,  # noqa: FBT002
    url: UrlOption = None,
    model: ModelOption = "",
    series: Annotated[str, typer.Option(help="A name for these runs, by which `qa compare` finds them.")] = "",
    temperature: Annotated[float, typer.Option(min=0, max=2, help="0 takes the likeliest token.")] = 0.0,
    draws: Annotated[int, typer.Option(min=1, help="Answers to each item.")] = 1,
    seed: Annotated[
        int | None, typer.Option(help="From which each request's own seed is derived; none is sent if left out.")
    ] = None,
    scorers: Annotated[
        list[str] | None, typer.Option("--scorer", help="In the place of the set's own; may be repeated.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="A file in the form of the set, such as GSM8K's test.jsonl, in its place.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="The first so many items of each set.")] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=1000, help="Requests at once.")] = 4,
    cache: Annotated[bool, typer.Option("--cache", help="Take answers of earlier runs to equal requests.")] = False,  # noqa: FBT002
    resume: Annotated[int | None, typer.Option(help="Go on with a run that was interrupted, by its number.")] = None,
    at_least: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Judge: the share of items that each set must pass, by its bound."),
    ] = None,
    store: StorePath = None,
    to: Annotated[Path | None, typer.Option(help="The page; in the results if left out.")] = None,
) -> None:
    """Ask a model small sets of questions; print an honest sentence for each, and write a page and the store.

    Exit code 0; with `--at-least` 1 if a set is below that share and 3 if its items cannot tell, both with 95 %
    confidence; 2 if nothing could be asked or no request got a reply.
    Examples: `qa eval short-facts`, `qa eval --all --url http://host:8080 --model m --series before`.
    """
    from keywords.qa.evaluation import asking  # noqa: PLC0415  # keeps `qa --help` fast

    request = asking.Request(
        names=tuple(names or ()),
        everything=everything,
        url=url,
        model=model,
        series=series,
        temperature=temperature,
        draws=draws,
        seed=seed,
        scorers=tuple(scorers or ()),
        file=file,
        limit=limit,
        concurrency=concurrency,
        use_cache=cache,
        resume=resume,
        at_least=at_least,
        store=store or results_folder() / "measurements.db",
        page=to,
    )
    raise typer.Exit(asking.list_sets() if show else asking.evaluate(request))


def score(
    run: Annotated[int | None, typer.Argument(help="A stored run, by its number.")] = None,
    scorers: Annotated[list[str] | None, typer.Option("--scorer", help="By its name; may be repeated.")] = None,
    stale: Annotated[bool, typer.Option("--stale", help="Mark all runs anew whose scorer has changed.")] = False,  # noqa: FBT002
    store: StorePath = None,
    to: Annotated[Path | None, typer.Option(help="The page of the run; in the results if left out.")] = None,
) -> None:
    """Mark stored answers anew, without asking the model; name the runs that a changed scorer makes stale.

    Exit code 0; 1 if stale runs are left, 2 if a run cannot be marked.
    Examples: `qa score 7 --scorer exact-match-squad`, `qa score` (names stale runs), `qa score --stale`.
    """
    from keywords.qa.evaluation import scoring  # noqa: PLC0415  # keeps `qa --help` fast

    path = store or results_folder() / "measurements.db"
    raise typer.Exit(scoring.score(path, run, tuple(scorers or ()), mark_stale=stale, page=to))


def replay(
    run: Annotated[int, typer.Argument(help="A stored evaluation, by its number.")],
    item: Annotated[str, typer.Argument(help="The item, as the page names it.")],
    draw: Annotated[int, typer.Option(min=0, help="Which of its answers.")] = 0,
    rotation: Annotated[int, typer.Option(min=0, help="Which turn of its choices.")] = 0,
    url: UrlOption = None,
    store: StorePath = None,
) -> None:
    """Send the stored request of one item again, byte by byte, and show both answers with their marks.

    Exit code 0 if the mark is the same, 1 if it is another one, 2 if there is no such request or no reply.
    Example: `qa replay 7 12`.
    """
    from keywords.qa.evaluation import scoring  # noqa: PLC0415  # keeps `qa --help` fast

    path = store or results_folder() / "measurements.db"
    raise typer.Exit(scoring.replay(path, run, (item, draw, rotation), url))
