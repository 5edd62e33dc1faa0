"""Inspect on one of our sets: the same messages, its own marks."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from keywords.engine.evaluation.harness import (
    HarnessAnswer,
    HarnessError,
    HarnessRun,
    last_lines,
    refuse_other_sets,
    run_command,
)
from keywords.engine.evaluation.prompting import conversation

if TYPE_CHECKING:
    from pathlib import Path

    from keywords.engine.evaluation.catalogue import EvaluationSet

VERSION = "0.3.285"
"""What it does here was run in this version."""
_TASK = """\
import json
from pathlib import Path

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageAssistant, ChatMessageSystem, ChatMessageUser
from inspect_ai.scorer import exact

ROLES = {"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}


@task
def ours():
    lines = Path(__file__).with_name("items.jsonl").read_text(encoding="utf-8").splitlines()
    samples = [
        Sample(
            id=line["id"],
            input=[ROLES[one["role"]](content=one["content"]) for one in line["messages"]],
            target=line["target"],
        )
        for line in map(json.loads, lines)
    ]
    return Task(dataset=MemoryDataset(samples), scorer=exact())
"""


def run_inspect(folder: Path, dataset: EvaluationSet, url: str, model: str, api_key: str | None) -> HarnessRun:
    """Run Inspect on a set of short answers, marked by its `exact`, whose normaliser is that of DROP.

    Args:
        folder: an empty one, for its task and its log.
        dataset: a set without choices.
        url: address of the server, without a path.
        model: to ask.
        api_key: None for a server without keys.

    Returns:
        The run; without answers where its task failed, which its exit code does not tell.

    Raises:
        DatasetError: the set has choices, or questions without an answer.
        HarnessError: it left no log.
    """
    refuse_other_sets(dataset)
    lines = [
        {"id": item.id, "messages": conversation(item, dataset.settings), "target": list(item.references)}
        for item in dataset.items
    ]
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (folder / "items.jsonl").write_text(text, encoding="utf-8")
    (folder / "ours.py").write_text(_TASK, encoding="utf-8")
    command = [sys.executable, "-m", "inspect_ai", "eval", "ours.py", "--model", f"openai-api/local/{model}"]
    command += ["--temperature", "0", "--max-tokens", str(dataset.settings.max_tokens), "--max-connections", "1"]
    command += ["--max-retries", "0", "--display", "plain", "--log-format", "json", "--log-dir", "logs"]
    environment = {**os.environ, "LOCAL_API_KEY": api_key or "none", "LOCAL_BASE_URL": f"{url}/v1"}
    code, output = run_command(command, {**environment, "XDG_DATA_HOME": str(folder / "data")}, folder)
    logs = sorted((folder / "logs").glob("*.json"))
    if not logs:
        raise HarnessError(f"Inspect ended with {code} and without a log:\n{last_lines(output)}")
    return HarnessRun(f"Inspect {VERSION}", dataset, _read_log(logs[-1]), code, output)


def _read_log(path: Path) -> dict[str, HarnessAnswer]:
    log: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    answers = {}
    for sample in log.get("samples") or []:
        score = (sample.get("scores") or {}).get("exact")
        if score is None:
            continue
        messages = [{"role": one["role"], "content": one["content"]} for one in sample["input"]]
        text = sample["output"].get("completion") or sample["output"]["choices"][0]["message"]["content"]
        answers[str(sample["id"])] = HarnessAnswer(str(text), score["value"] in {"C", 1}, messages)
    return answers
