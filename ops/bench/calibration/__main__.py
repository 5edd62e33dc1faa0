"""The command `python -m ops.bench.calibration`: worse models that we made ourselves, before the evaluation.

    python -m ops.bench.calibration --seeds 20 --to results/calibration

For each seed, each model answers the sets at temperature 1, through a gateway of its own. What was measured is not
asked again: the answers lie in the folder's `measurements.db`, so a calibration that was broken off goes on. A set of
which a request got no reply is asked again by the next call. The table,
written after each seed, says how often the models are ranked as they were made, how often each differs from the base by
the exact McNemar test, and how often the base differs from itself.

Exit status 0 if the targets are met, 1 if one is missed, 2 if nothing can be measured, 3 if fewer seeds are whole than
the targets are set for, 130 if it is broken off.
"""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from keywords.engine.evaluation.catalogue import Catalogue
from keywords.engine.evaluation.runs import Plan, run_evaluation
from keywords.engine.http.probe import probe
from keywords.engine.openai.client import ChatClient
from keywords.engine.processes.gateway import start_gateway
from keywords.engine.processes.gateway_command import run_command
from ops.bench.calibration.design import MODELS, SEEDS, SETS
from ops.bench.calibration.results import missing_sets, read_results
from ops.bench.calibration.table import exit_status, table
from ops.bench.calibration.weights import add_noise, requantise
from ops.bench.progress import break_off_on_signals, log_progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ops.bench.calibration.design import Model

DATASETS = Path(__file__).resolve().parents[3] / "resources" / "datasets"
READY_S = 120.0
PATIENCE = 10.0
"""Times the usual: no time is judged here, and a missing answer spoils its seed."""
_CACHED = """\
[backends.embedded]
kind = "llamacpp"
cache_prompt = true

[models.model]
route = [{ backend = "embedded" }]
"""
"""The examples before each question are read once; sampling at temperature 1 asks for no identical answers."""


def main() -> int:
    """Measure what is not measured yet, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=Path, help="the base model, a GGUF file; that of `gateway models pull`")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--to", type=Path, default=Path("results/calibration"))
    asked = parser.parse_args()
    base = asked.base or _pulled()
    if base is None or not base.is_file():
        parser.error(
            f"--base: there is no model at {base or 'the place of the pulled one'}: `gateway models pull` first"
        )
    break_off_on_signals()
    asked.to.mkdir(parents=True, exist_ok=True)
    (asked.to / "gateway.toml").write_text(_CACHED, encoding="utf-8")
    try:
        for seed in range(1, asked.seeds + 1):
            for model in MODELS:
                _measure(asked.to, base, model, asked.sets, seed)
            _write(asked.to, asked.sets, seed)
            log_progress(f"seed {seed} of {asked.seeds}")
    except KeyboardInterrupt:
        log_progress("broken off; the same command goes on from here")
        return 130
    results = _write(asked.to, asked.sets, asked.seeds)
    print((asked.to / "calibration.md").read_text(encoding="utf-8"))  # noqa: T201
    return results


def _write(folder: Path, sets: Sequence[str], seeds: int) -> int:
    """Write the table of the seeds so far, and give the exit status that it deserves."""
    results = read_results(folder / "measurements.db", sets, seeds)
    (folder / "calibration.md").write_text(table(results, sets), encoding="utf-8")
    return exit_status(results)


def _measure(folder: Path, base: Path, model: Model, sets: Sequence[str], seed: int) -> None:
    store = folder / "measurements.db"
    left = missing_sets(store, sets, model, seed)
    if not left:
        return
    weights = _weights(folder, base, model, seed)
    gateway = start_gateway(
        config=folder / "gateway.toml",
        log=folder / "gateway.log",
        ready_within_s=READY_S,
        environment={"GATEWAY_MODEL": str(weights.resolve())},
    )
    try:
        facts = probe(gateway.url, gateway.api_key)
        client = ChatClient(facts.url, api_key=gateway.api_key, model=facts.models[0], patience=PATIENCE)
        catalogue = Catalogue(DATASETS)
        for name in left:
            at_once = min(2, os.cpu_count() or 1)
            plan = Plan(catalogue.load(name), model.sampling(seed), series=model.series(seed), concurrency=at_once)
            run_evaluation(store, client, plan, server=f"{model.name} {facts.version}")
        if again := missing_sets(store, left, model, seed):
            log_progress(
                f"seed {seed}, {model.name}: requests without a reply, so {', '.join(again)} must be asked again"
            )
    finally:
        gateway.stop()
        if model.noise is not None:
            weights.unlink()


def _pulled() -> Path | None:
    """The file of `gateway models pull`; None if there is none."""
    listed = run_command("models", "list", cwd=Path.cwd(), environment={"COLUMNS": "400"}).stdout
    found = re.search(r"\S+\.gguf", listed)
    return Path(found[0]) if found else None


def _weights(folder: Path, base: Path, model: Model, seed: int) -> Path:
    """The file of a model's weights: the base's, a kept one, or one that is made for this seed alone."""
    if model.noise is None and not model.requantised:
        return base
    path = folder / f"{model.name.replace(' ', '-')}.gguf"
    if model.noise is None and path.exists():
        return path
    draft = path.with_suffix(".draft")
    if model.noise is None:
        requantise(base, draft)
    else:
        add_noise(base, draft, model.noise, seed)
    return draft.replace(path)


if __name__ == "__main__":
    raise SystemExit(main())
