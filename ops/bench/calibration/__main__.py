"""The command `python -m ops.bench.calibration`: worse models that we made ourselves, before the evaluation.

    python -m ops.bench.calibration --seeds 20 --to results/calibration

Each model answers the sets once for each seed, at temperature 1, through a gateway of its own. What was measured is not
asked again: the answers lie in the folder's `measurements.db`, so a calibration that was broken off goes on. The table
says how often the models are ranked as they were made, how often each differs from the base by the exact McNemar test,
and how often the base differs from itself.
"""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from keywords.engine.evaluation.catalogue import Catalogue
from keywords.engine.evaluation.prompting import Sampling
from keywords.engine.evaluation.runs import Plan, run_evaluation
from keywords.engine.evaluation.tables import ROOM
from keywords.engine.http.probe import probe
from keywords.engine.openai.client import ChatClient
from keywords.engine.processes.gateway import start_gateway
from keywords.engine.processes.gateway_command import run_command
from keywords.engine.store.database import Store
from keywords.engine.store.runs import read_runs
from ops.bench.calibration.table import MODELS, Model, table
from ops.bench.calibration.weights import add_noise, requantise

if TYPE_CHECKING:
    from collections.abc import Sequence

DATASETS = Path(__file__).resolve().parents[3] / "resources" / "datasets"
READY_S = 120.0
SEEDS_AT_ONCE = 4
"""Seeds that a model answers before the next one is loaded; the table is written after each such round."""
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
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--sets", nargs="+", default=["short-facts", "copying"])
    parser.add_argument("--to", type=Path, default=Path("results/calibration"))
    asked = parser.parse_args()
    base = asked.base or _pulled()
    if base is None or not base.is_file():
        parser.error(
            f"--base: there is no model at {base or 'the place of the pulled one'}: `gateway models pull` first"
        )
    asked.to.mkdir(parents=True, exist_ok=True)
    (asked.to / "gateway.toml").write_text(_CACHED, encoding="utf-8")
    store = asked.to / "measurements.db"
    for first in range(1, asked.seeds + 1, SEEDS_AT_ONCE):
        seeds = range(first, min(first + SEEDS_AT_ONCE, asked.seeds + 1))
        for model in MODELS:
            _measure(asked.to, base, model, asked.sets, seeds)
        (asked.to / "calibration.md").write_text(table(store, asked.sets, seeds[-1]), encoding="utf-8")
    print((asked.to / "calibration.md").read_text(encoding="utf-8"))  # noqa: T201
    return 0


def _measure(folder: Path, base: Path, model: Model, sets: Sequence[str], seeds: Sequence[int]) -> None:
    store = folder / "measurements.db"
    with Store(store, ROOM) as opened:
        finished = {(run.series, run.options["set"]) for run in read_runs(opened) if run.ended and not run.interrupted}
    missing = [(seed, name) for seed in seeds for name in sets if (model.series(seed), name) not in finished]
    if not missing:
        return
    gateway = start_gateway(
        config=folder / "gateway.toml",
        log=folder / "gateway.log",
        ready_within_s=READY_S,
        environment={"GATEWAY_MODEL": str(_weights(folder, base, model).resolve())},
    )
    try:
        facts = probe(gateway.url, gateway.api_key)
        client = ChatClient(facts.url, api_key=gateway.api_key, model=facts.models[0])
        catalogue = Catalogue(DATASETS)
        for seed, name in missing:
            sampling = Sampling(temperature=1.0, seed=1000 * model.first_seed + seed)
            at_once = min(4, os.cpu_count() or 1)
            plan = Plan(catalogue.load(name), sampling, series=model.series(seed), concurrency=at_once)
            run_evaluation(store, client, plan, server=f"{model.name} {facts.version}")
    finally:
        gateway.stop()


def _pulled() -> Path | None:
    """The file of `gateway models pull`; None if there is none."""
    listed = run_command("models", "list", cwd=Path.cwd(), environment={"COLUMNS": "400"}).stdout
    found = re.search(r"\S+\.gguf", listed)
    return Path(found[0]) if found else None


def _weights(folder: Path, base: Path, model: Model) -> Path:
    if model.noise is None and not model.requantised:
        return base
    path = folder / f"{model.name.replace(' ', '-')}.gguf"
    if not path.exists():
        draft = path.with_suffix(".draft")
        if model.requantised:
            requantise(base, draft)
        else:
            add_noise(base, draft, model.noise or 0.0, seed=1)
        draft.replace(path)
    return path


if __name__ == "__main__":
    raise SystemExit(main())
