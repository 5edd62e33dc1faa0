"""The command: `python -m ops.bench.hostile [KIND …] [--seconds S] [--to FOLDER]`."""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from pathlib import Path

import tomli_w

from keywords.engine.processes.gateway import GatewayProcessError, start_gateway
from keywords.engine.scripted.backend import ScriptedBackend
from ops.bench.hostile.kinds import KINDS
from ops.bench.hostile.measure import HEALTH_MS, RSS_MB, AttackError, Result, measure
from ops.bench.hostile.table import markdown
from ops.bench.progress import break_off_on_signals, log_progress

_READY_S = 60.0
_HELD, _EXCEEDED, _NO_VERDICT, _BROKEN_OFF = 0, 1, 2, 130
_ABOUT = {name: kind.about for name, kind in KINDS.items()}


def main() -> None:
    """Attack a gateway with each kind; print the table, and keep it as `hostile.md`, also if it is broken off."""
    options = _parser().parse_args()
    break_off_on_signals()
    results: list[Result] = []
    try:
        options.to.mkdir(parents=True, exist_ok=True)
        _run(options.kinds or list(KINDS), options.seconds, options.to / "hostile.md", results)
        status = _HELD if all(one.is_within_bounds for one in results) else _EXCEEDED
    except KeyboardInterrupt:
        log_progress("broken off; what there is, is kept")
        status = _BROKEN_OFF
    except (AttackError, GatewayProcessError, OSError) as error:
        log_progress(f"no verdict: {error}")
        status = _NO_VERDICT
    sys.stdout.write(markdown(results, _ABOUT))
    sys.exit(status)


def _parser() -> argparse.ArgumentParser:
    width = max(map(len, KINDS))
    kinds = "\n".join(f"  {name:<{width}}  {kind.connections:>5} x {kind.about}" for name, kind in KINDS.items())
    parser = argparse.ArgumentParser(
        prog="python -m ops.bench.hostile",
        description="Attack a gateway over connections without a key, kind by kind, each against a fresh gateway that "
        "this command starts and stops. A kind is held if the gateway's resident memory grows by at most "
        f"{RSS_MB:g} MB, and if GET /health, over new connections, always gets its 200, with a p99 of at most "
        f"{HEALTH_MS:g} ms.",
        epilog=f"kinds, with the number of connections at once:\n{kinds}\n\n"
        "exit status: 0 all held, 1 one exceeded a bound, 2 no verdict or bad input, 130 broken off",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("kinds", nargs="*", metavar="KIND", type=_kind, help="what to try (default: all)")
    parser.add_argument("--seconds", type=_seconds, default=10.0, help="of each kind (default: 10; a p99 needs 6)")
    parser.add_argument("--to", type=Path, default=Path("results/hostile"), help="folder for hostile.md (%(default)s)")
    return parser


def _kind(text: str) -> str:
    if text not in KINDS:
        raise argparse.ArgumentTypeError(f"'{text}' is no kind; --help lists them")
    return text


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= 3600:  # noqa: PLR2004  # an hour of one kind tells no more
        raise argparse.ArgumentTypeError(f"'{text}' is no time; give seconds, from above 0 to 3600")
    return seconds


def _run(kinds: list[str], seconds: float, page: Path, results: list[Result]) -> None:
    backend = ScriptedBackend(models=("scripted",))
    backend.start()
    try:
        with tempfile.TemporaryDirectory(prefix="hostile-") as text:
            folder = Path(text)
            config = folder / "gateway.toml"
            tables = {
                "backends": {"scripted": {"kind": "openai", "base_url": f"{backend.url}/v1"}},
                "models": {"scripted": {"route": [{"backend": "scripted"}]}},
                "ledger": {"path": "ledger.sqlite3"},
            }
            config.write_text(tomli_w.dumps(tables), "utf-8")
            for number, kind in enumerate(kinds, 1):
                log_progress(f"{number} of {len(kinds)}: {kind}, {KINDS[kind].connections} connections")
                gateway = start_gateway(config=config, log=folder / "log", ready_within_s=_READY_S)
                try:
                    results.append(measure(kind, gateway, seconds))
                finally:
                    gateway.stop()
                page.write_text(markdown(results, _ABOUT), "utf-8")
    finally:
        backend.stop()


if __name__ == "__main__":
    main()
