"""The work of `qa defects`: sound gateways, all trials, the page, the exit code."""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keywords.engine.defects.catalogue import UnknownDefectError, choose
from keywords.engine.http.probe import ProbeError, probe
from keywords.engine.processes.gateway import GatewayProcessError, start_gateway
from keywords.qa.defects.attached import DefectsError
from keywords.qa.defects.page import counts, page
from keywords.qa.defects.trials import LIMIT_S, ControlFailedError, Trials, try_all
from keywords.qa.defects.verdict import MISSED_AT_MOST, Outcome
from keywords.qa.exits import INCONCLUSIVE, INTERRUPTED, NO_VERDICT
from keywords.run.places import RESOURCES, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from keywords.engine.defects.defect import Defect
    from keywords.qa.defects.attached import Server

PAGE = ROOT / "docs" / "DETECTION.md"
READY_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class SoundGateway:
    """A gateway without a defect, and the model to ask."""

    url: str
    api_key: str
    model: str


def defects(
    names: Sequence[str], suites: Path, to: Path, *, jobs: int, doc: Path = PAGE, echo: Callable[[str], None] = print
) -> int:
    """Try defects before sound gateways of this machine, and write the page.

    Args:
        names: of the defects; all if none is named.
        suites: the folder that holds all rows.
        to: the folder for all output; the page of a part of the defects is written there.
        jobs: number of runs at the same time.
        doc: the page of all defects.
        echo: prints one line.

    Returns:
        0 if each fared as the catalogue says; 1 if one did not; 2 if they could not be tried; 3 if rows fail without
        a defect, or a row could not tell; 130 after Ctrl-C.
    """
    try:
        chosen = choose(names)
        with ExitStack() as running:
            servers = [_start(to / f"gateway-{number}", running) for number in range(1, jobs + 1)]
            return try_before(servers, chosen, suites, to, doc=None if names else doc, echo=echo)
    except (UnknownDefectError, GatewayProcessError, ProbeError) as error:
        echo(str(error))
        return 2
    except KeyboardInterrupt:
        return 130


def try_before(
    servers: Sequence[Server],
    chosen: Sequence[Defect],
    suites: Path,
    to: Path,
    *,
    doc: Path | None,
    echo: Callable[[str], None] = print,
    limit_s: float = LIMIT_S,
) -> int:
    """Try defects before servers that run already, and write the page, also of those before an error.

    Args:
        servers: sound servers; as many runs go on at the same time.
        chosen: the defects.
        suites: the folder that holds all rows.
        to: the folder for all output.
        doc: the page, if all defects were tried; None, or if not: `DETECTION.md` below `to`.
        echo: prints one line.
        limit_s: time limit of one run, in seconds.

    Returns:
        As of `defects`.
    """
    to.mkdir(parents=True, exist_ok=True)
    # Rows send what is no HTTP, too, and the wire logs each of these requests.
    logging.basicConfig(filename=to / "wire.log", filemode="w")
    trials, code = Trials(chosen), 0
    try:
        asyncio.run(_until_signal(trials, servers, suites, to, echo, limit_s))
    except* KeyboardInterrupt:
        echo("stopped")
        code = INTERRUPTED
    except* ControlFailedError as group:
        echo(f"INCONCLUSIVE: {group.exceptions[0]}")
        code = INCONCLUSIVE
    except* DefectsError as group:
        echo(str(group.exceptions[0]))
        code = NO_VERDICT
    if trials.verdicts:
        path = doc if doc and trials.complete else to / "DETECTION.md"
        path.write_text(page(trials), "utf-8")
        echo(f"{counts(trials)}; {path}")
    return code or _verdict(trials, echo)


def _verdict(trials: Trials, echo: Callable[[str], None]) -> int:
    bad = [verdict for verdict in trials.verdicts if not verdict.holds]
    for verdict in bad:
        row = f": {verdict.finding.row}: {verdict.finding.message}" if verdict.finding else ""
        echo(f"{verdict.defect.name}: {verdict.outcome.value} ({verdict.note}){row}")
    declared = [defect.name for defect in trials.defects if defect.missed]
    if len(declared) > MISSED_AT_MOST:
        echo(f"{len(declared)} defects are declared as missed, at most {MISSED_AT_MOST} may be: {', '.join(declared)}")
        return 1
    unsure = [verdict for verdict in trials.verdicts if verdict.outcome is Outcome.INCONCLUSIVE]
    for verdict in unsure:
        echo(f"{verdict.defect.name}: {verdict.note}")
    return 1 if bad else 3 if unsure else 0


async def _until_signal(
    trials: Trials, servers: Sequence[Server], suites: Path, to: Path, echo: Callable[[str], None], limit_s: float
) -> None:
    """Ctrl-C cancels the work by itself; the signal by which tox and CI end a job does the same."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None  # noqa: S101  # a coroutine that runs is in a task
    stopped = asyncio.Event()

    def stop() -> None:
        stopped.set()
        task.cancel()

    before = signal.signal(signal.SIGTERM, lambda *_: loop.call_soon_threadsafe(stop))
    try:
        await try_all(trials, servers, suites, to, echo=echo, limit_s=limit_s)
    except asyncio.CancelledError:
        if stopped.is_set():
            raise KeyboardInterrupt from None
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def _start(folder: Path, running: ExitStack) -> SoundGateway:
    gateway = start_gateway(
        config=RESOURCES / "configurations" / "sound.toml",
        log=folder / "gateway.log",
        ready_within_s=READY_WITHIN_S,
    )
    running.callback(gateway.stop)
    return SoundGateway(gateway.url, gateway.api_key, probe(gateway.url, gateway.api_key).models[0])
