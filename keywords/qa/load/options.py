"""The options of `qa load`."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import Annotated

import typer

from keywords.qa.project import results_folder
from keywords.qa.server import UrlOption  # noqa: TC001

_STORE = "measurements.db"
_LOAD, _REQUESTS, _KEPT = "How much", "What is sent", "What is kept"
_COMPARED = "Comparison"


def load(  # the options of a command
    address: Annotated[str | None, typer.Argument(help="The server; `--url` says the same.")] = None,
    url: UrlOption = None,
    model: Annotated[str | None, typer.Option(help="The model; the first that the server lists if left out.")] = None,
    direct: Annotated[
        str | None,
        typer.Option(
            help="The server behind the gateway: the same prompts go there too, in turn, and the report says what the "
            "gateway adds. Its key is DIRECT_API_KEY."
        ),
    ] = None,
    direct_model: Annotated[
        str | None, typer.Option(help="The model's name there; the gateway's, or the only one, if left out.")
    ] = None,
    users: Annotated[
        str | None,
        typer.Option(help="Users of each stage, such as 1,10,20; each waits for its answer.", rich_help_panel=_LOAD),
    ] = None,
    rate: Annotated[
        str | None,
        typer.Option(help="Arrivals per second of each stage, such as 5,10; they do not wait.", rich_help_panel=_LOAD),
    ] = None,
    lasts: Annotated[
        str | None, typer.Option("--for", help="How long each stage lasts; 30s if left out.", rich_help_panel=_LOAD)
    ] = None,
    requests: Annotated[
        str | None, typer.Option(help="Conversations after which each stage ends.", rich_help_panel=_LOAD)
    ] = None,
    arrivals: Annotated[
        str, typer.Option(help="constant, poisson, or gamma:0.5 with its burstiness.", rich_help_panel=_LOAD)
    ] = "poisson",
    replay: Annotated[
        Path | None, typer.Option(help="Arrivals that --save-arrivals kept.", rich_help_panel=_LOAD)
    ] = None,
    warmup: Annotated[
        str | None, typer.Option(help="Time before the first stage that counts for nothing.", rich_help_panel=_LOAD)
    ] = None,
    sweep: Annotated[
        list[str] | None,
        typer.Option(
            help="One load run for each value: temperature=0,1, max_tokens=, prompt_tokens=, users= or rate=.",
            rich_help_panel=_LOAD,
        ),
    ] = None,
    find_max: Annotated[  # noqa: FBT002
        bool,
        typer.Option(
            "--find-max",
            help="Search for the largest number of users, or rate, that holds --slo, from the one given upwards.",
            rich_help_panel=_LOAD,
        ),
    ] = False,
    most: Annotated[
        float | None, typer.Option(help="Where --find-max ends; 256 if left out.", rich_help_panel=_LOAD)
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            help="Another server, http://host:port: both are measured in turns, and the first is judged by it. Its key "
            "is AGAINST_API_KEY, else GATEWAY_API_KEY.",
            rich_help_panel=_COMPARED,
        ),
    ] = None,
    rounds: Annotated[
        int | None,
        typer.Option(
            min=1, help="Load runs of each server; 5 with --against if left out, else 1.", rich_help_panel=_COMPARED
        ),
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(min=1, help="Client processes; as many as the load needs if left out.", rich_help_panel=_LOAD),
    ] = None,
    most_in_flight: Annotated[
        int | None,
        typer.Option(min=1, help="Requests at the same time at a rate; unbounded if left out.", rich_help_panel=_LOAD),
    ] = None,
    workload: Annotated[
        Path | None, typer.Option(help="A workload file; it says all of this group.", rich_help_panel=_REQUESTS)
    ] = None,
    prompt: Annotated[
        list[str] | None, typer.Option(help="A prompt; several are taken in turn.", rich_help_panel=_REQUESTS)
    ] = None,
    prompt_tokens: Annotated[
        str | None, typer.Option(help="Synthetic prompts of so many tokens.", rich_help_panel=_REQUESTS)
    ] = None,
    max_tokens: Annotated[str | None, typer.Option(help="64 if left out.", rich_help_panel=_REQUESTS)] = None,
    temperature: Annotated[
        float | None, typer.Option(help="The server's own if left out.", rich_help_panel=_REQUESTS)
    ] = None,
    unique_prefix: Annotated[  # noqa: FBT002
        bool, typer.Option("--unique-prefix", help="Begin each prompt anew, against caches.", rich_help_panel=_REQUESTS)
    ] = False,
    no_stream: Annotated[  # noqa: FBT002
        bool, typer.Option("--no-stream", help="Ask for whole answers; there is no TTFT.", rich_help_panel=_REQUESTS)
    ] = False,
    timeout: Annotated[str, typer.Option(help="Longest time of a request.", rich_help_panel=_REQUESTS)] = "120s",
    seed: Annotated[int, typer.Option(help="Of prompts and arrivals.", rich_help_panel=_REQUESTS)] = 0,
    slo: Annotated[
        list[str] | None,
        typer.Option(help='A level that each stage must hold, such as "ttft_p95 < 500 ms"; may be repeated.'),
    ] = None,
    prices: Annotated[Path | None, typer.Option(help="Prices of models, for the cost.")] = None,
    name: Annotated[
        str | None, typer.Option(help="Series under which runs are compared.", rich_help_panel=_KEPT)
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(help=f"The file of measurements; {_STORE} in the results if left out.", rich_help_panel=_KEPT),
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="File for the samples as CSV.", rich_help_panel=_KEPT)] = None,
    parquet: Annotated[
        Path | None, typer.Option(help="File for the samples as Parquet.", rich_help_panel=_KEPT)
    ] = None,
    save_arrivals: Annotated[
        Path | None, typer.Option(help="File for the arrivals, for --replay.", rich_help_panel=_KEPT)
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="File for the page: verdict, charts, tables, all in one HTML file.", rich_help_panel=_KEPT),
    ] = None,
    history: Annotated[  # noqa: FBT002
        bool,
        typer.Option("--history", help="Send no load: show the series --name week by week.", rich_help_panel=_KEPT),
    ] = False,
    no_calibration: Annotated[  # noqa: FBT002
        bool, typer.Option("--no-calibration", help="Leave out what this client measures of a server without delay.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No live view.")] = False,  # noqa: FBT002
) -> None:
    """Put a server under load and say how it bore it: latencies, rates, errors, and whether that is worth believing.

    Without --users and --rate: 1, then 10, then 20 users. Every request is kept in results/measurements.db. Ctrl-C ends
    the load early and keeps what was measured. Exit code: 0 if all levels held (or none was given), 1 if one did not or
    no request was answered, 2 if the run is INVALID or could not begin, 3 if there are too few requests to tell, 130
    after Ctrl-C.
    With --direct, four load runs take turns: gateway, direct, direct, gateway. With --against: 0 if the server is as
    fast as the other one or faster, 1 if it is slower, 2 without a verdict, 3 if the runs cannot tell.
    Examples: `qa load http://host:8000 --users 1,10,20 --for 30s --slo "ttft_p95 < 500 ms"`,
    `qa load http://new:8000 --against http://old:8000 --rounds 5 --users 10`.
    """
    from keywords.qa.load.asked import Asked  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.qa.load.command import Ask, Keep, load  # noqa: PLC0415

    if history:
        from keywords.qa.load.history import show_history  # noqa: PLC0415

        raise typer.Exit(show_history(store or results_folder() / _STORE, name, report))
    if find_max and users is None and rate is None:
        users = "1"
    asked = Asked(
        users=users,
        rate=rate,
        lasts=lasts,
        requests=requests,
        arrivals=arrivals,
        replays=replay is not None,
        workload=workload,
        prompts=tuple(prompt or ()),
        prompt_tokens=prompt_tokens,
        max_tokens=max_tokens,
        temperature=temperature,
        unique_prefix=unique_prefix,
        stream=not no_stream,
        levels=tuple(slo or ()),
        warmup=warmup,
        timeout=timeout,
        seed=seed,
        most_in_flight=most_in_flight,
        processes=processes,
    )
    keep = Keep(store or results_folder() / _STORE, name, csv, parquet, save_arrivals, report)
    chosen = url if address is None else address
    raise typer.Exit(
        load(
            Ask(
                asked,
                chosen,
                model,
                replay,
                tuple(sweep or ()),
                find_max,
                most,
                prices,
                keep,
                quiet=quiet,
                calibrate=not no_calibration,
                against=against,
                rounds=rounds,
                direct=direct,
                direct_model=direct_model,
            )
        )
    )
