"""The command: `python -m ops.bench.race`, as `tox run -e race` runs it."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import psutil

from ops.bench.installing import NotInstalledError
from ops.bench.pinning import can_pin
from ops.bench.progress import break_off_on_signals, log_progress
from ops.bench.race import laps, upstream, wrk
from ops.bench.race.contenders import MAKERS, Contender, Upstreams
from ops.bench.race.cores import CONTENDER_CORE, LOAD_CORE, pin_load
from ops.bench.race.result import DIRECT, Race, save
from ops.bench.race.running import NotStartedError, Running
from ops.bench.race.soak import soak
from ops.bench.race.streams import PACED_S, StreamsError
from ops.bench.race.table import markdown
from ops.bench.race.targets import US, target_verdicts

# Cold starts of one contender are repeated until they took this long together.
_STARTS_S = 10.0


def main() -> None:
    """Run the race; write `race.md` and `race.json`, even if it is interrupted."""
    options = _options()
    break_off_on_signals()
    if sys.platform == "win32":
        sys.exit("The race needs Linux or macOS.")
    race = Race(machine=_machine(options))
    options.to.mkdir(parents=True, exist_ok=True)
    status = 0
    try:
        with ExitStack() as stack:
            _run(race, options, stack)
        race.complete = True
    except KeyboardInterrupt:
        log_progress("broken off; what there is, is kept")
        status = 130
    race.machine["load average at the end"] = f"{psutil.getloadavg()[0]:.2f}"
    save(race, options.to / "race.json", target_verdicts(race))
    page = markdown(race)
    (options.to / "race.md").write_text(page, "utf-8")
    sys.stdout.write(page)
    sys.exit(status)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="race", description="This gateway beside its peers, in one table.")
    parser.add_argument("--contenders", type=_names, default=list(MAKERS), help=f"of {','.join(MAKERS)}")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--seconds",
        type=float,
        default=3.0,
        help=f"of each measurement, paced streams {PACED_S:g} at least; five make a lap",
    )
    parser.add_argument(
        "--soak",
        type=int,
        default=600_000,
        help="requests of the look at memory, judged in their second half; 0: none",
    )
    parser.add_argument("--to", type=Path, default=Path("results/race"), help="folder for race.md and race.json")
    return parser.parse_args()


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if unknown := sorted(set(names) - set(MAKERS)):
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: no contender; there are {', '.join(MAKERS)}")
    return names


def _run(race: Race, options: argparse.Namespace, stack: ExitStack) -> None:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="race-")))
    if can_pin():
        # What is started here inherits it: wrk, nginx, the scripted backend, the stream client.
        pin_load()
    else:
        race.skipped["pinning"] = "there is no taskset, or only one core"
    missing = [name for name, path in (("nginx", upstream.command()), ("wrk", wrk.command())) if not path]
    if missing:
        race.skipped["ordinary requests"] = f"no {' and no '.join(missing)}; on Debian: apt install nginx-light wrk"
    nginx = None if missing else stack.enter_context(upstream.nginx(folder))
    backend = stack.enter_context(upstream.scripted())
    upstreams = Upstreams(nginx.url if nginx else backend.url, backend.url)
    running: dict[str, tuple[Contender, Running]] = {}
    for name in options.contenders:
        started = _start(race, name, folder, upstreams, options.rounds)
        if started:
            stack.callback(started[1].stop)
            running[name] = started
    course = laps.Course(backend, nginx is not None, folder, options.seconds, log_progress)
    for number in range(options.rounds):
        log_progress(f"round {number + 1} of {options.rounds}")
        race.rounds.append(results := {DIRECT: laps.run_direct(course, upstreams.json)})
        first = number % max(len(running), 1)
        for name in [*list(running)[first:], *list(running)[:first]]:
            contender, runner = running[name]
            runner.resume()
            try:
                results[name] = laps.run(course, runner, contender)
                results[name] |= laps.run_streams(course, runner, contender)
            except (wrk.WrkError, StreamsError) as error:
                race.skipped[f"{name}, a part of round {number + 1}"] = str(error)
                log_progress(f"{name}: skipped: {error}")
            runner.pause()
    if options.soak and nginx and US in running:
        contender, runner = running[US]
        runner.resume()
        race.soak = soak(course, contender, runner, nginx, options.soak)


def _start(race: Race, name: str, folder: Path, upstreams: Upstreams, rounds: int) -> tuple[Contender, Running] | None:
    """Start a contender, repeatedly if that is quick, and leave the last one paused; None if it is not available."""
    log_progress(f"{name}: starting")
    folder /= name
    folder.mkdir()
    try:
        contender = MAKERS[name](folder, upstreams)
        race.starts_s[name] = times = []
        while True:
            runner = Running(contender, folder / "log")
            times.append(runner.start_s)
            if len(times) >= rounds or sum(times) > _STARTS_S:
                break
            runner.stop()
    except (NotInstalledError, NotStartedError) as error:
        race.skipped[name] = str(error)
        log_progress(f"{name}: skipped: {error}")
        return None
    race.about[name] = contender.about
    runner.pause()
    return contender, runner


def _machine(options: argparse.Namespace) -> dict[str, str]:
    return {
        "date": datetime.now(UTC).isoformat(timespec="minutes"),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "Python": platform.python_version(),
        "pinned": f"contender on core {CONTENDER_CORE}, all else on core {LOAD_CORE}" if can_pin() else "nothing",
        "load average at the start": f"{psutil.getloadavg()[0]:.2f}",
        "measured": f"{options.rounds} rounds, {options.seconds:g} s each measurement",
    }


if __name__ == "__main__":
    main()
