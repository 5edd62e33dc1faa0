"""Evaluation of many items at once before a scripted backend: how fast, and whether memory grows with the items.

    python -m ops.bench.evaluation --items 10000 --at-once 64

Memory is what this process holds; after the first fifth of the items, which warms it up, it is read at each thousandth
of them, and the slope is the growth per item with its 95 % interval.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import psutil

from keywords.engine import clock
from keywords.engine.evaluation.catalogue import Catalogue
from keywords.engine.evaluation.prompting import Sampling
from keywords.engine.evaluation.runs import Plan, run_evaluation
from keywords.engine.openai.client import ChatClient
from keywords.engine.scripted.backend import Script, ScriptedBackend
from keywords.engine.statistics.intervals import slope_interval

DATASETS = Path(__file__).resolve().parents[2] / "resources" / "datasets"
WARM_UP = 5
POINTS = 1000
GROWTH_MAX_BYTES = 200.0
"""Per item; what an item itself takes in the list of all items is some 700 bytes, and is there from the beginning."""


def main() -> int:
    """Run, print rate and growth; exit code 1 if memory grows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--at-once", type=int, default=64)
    asked = parser.parse_args()
    backend = ScriptedBackend()
    backend.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            return _measure(backend, Path(folder), asked.items, asked.at_once)
    finally:
        backend.stop()


def _measure(backend: ScriptedBackend, folder: Path, items: int, at_once: int) -> int:
    backend.script = Script(chunks=("#### 7",))
    file = folder / "items.jsonl"
    lines = (json.dumps({"question": f"What is {number} minus 7?", "answer": "#### 7"}) for number in range(items))
    file.write_text("\n".join(lines), encoding="utf-8")
    dataset = Catalogue(DATASETS).load("one-step-sums", file)
    client = ChatClient(backend.url, api_key=None, model="scripted")
    process, points = psutil.Process(), list[tuple[int, int]]()
    step = max(1, items // POINTS)

    def note(done: int, _: int) -> None:
        if done > items // WARM_UP and done % step == 0:
            points.append((done, process.memory_info().rss))

    began = clock.now()
    run_evaluation(folder / "measurements.db", client, Plan(dataset, Sampling(), concurrency=at_once), on_answer=note)
    took_s = clock.now() - began
    growth = slope_interval([done for done, _ in points], [size for _, size in points])
    print(f"{items} items, {at_once} at once: {took_s:.1f} s, {items / took_s:.0f} items/s")  # noqa: T201
    print(f"memory {points[0][1] / 1e6:.0f} to {points[-1][1] / 1e6:.0f} MB, growth per item {growth.mean:.0f} bytes")  # noqa: T201
    print(f"(95 % {growth.low:.0f} to {growth.high:.0f}), accepted {GROWTH_MAX_BYTES:.0f}")  # noqa: T201
    return int(growth.low > GROWTH_MAX_BYTES)


if __name__ == "__main__":
    raise SystemExit(main())
