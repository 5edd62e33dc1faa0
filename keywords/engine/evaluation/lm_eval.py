"""lm-evaluation-harness on one of our sets: the same messages, its own marks."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

import yaml

from keywords.engine.evaluation.harness import (
    HarnessAnswer,
    HarnessError,
    HarnessRun,
    last_lines,
    refuse_other_sets,
    run_command,
)
from keywords.engine.evaluation.prompting import conversation
from keywords.engine.openai.client import CHAT

if TYPE_CHECKING:
    from pathlib import Path

    from keywords.engine.evaluation.catalogue import EvaluationSet

VERSION = "0.4.13"
"""What it does here was read and run in this version."""
_TASK = "ours"
_NO_STOP = "</no stop>"
"""It demands a stop sequence; no answer has this one."""


def run_lm_eval(
    folder: Path, dataset: EvaluationSet, url: str, model: str, api_key: str | None, *, cache: Path | None = None
) -> HarnessRun:
    """Run lm-eval offline on a set of short answers, with our instruction and examples as earlier turns.

    Args:
        folder: an empty one, for its task and its output.
        dataset: a set without choices.
        url: address of the server, without a path.
        model: to ask.
        api_key: None for a server without keys.
        cache: its own cache, `--use_cache`; off if left out.

    Raises:
        DatasetError: the set has choices, or questions without an answer.
        HarnessError: it ended with an error, or left no samples.
    """
    refuse_other_sets(dataset)
    tasks = _write_task(folder, dataset)
    command = [sys.executable, "-m", "lm_eval", "--model", "local-chat-completions", "--tasks", _TASK]
    command += ["--model_args", f"model={model},base_url={url}{CHAT},num_concurrent=1,max_retries=1"]
    command += ["--include_path", str(tasks), "--apply_chat_template", "--fewshot_as_multiturn", "true"]
    command += ["--log_samples", "--output_path", str(folder / "out")]
    command += ["--system_instruction", dataset.settings.system] if dataset.settings.system else []
    command += ["--use_cache", str(cache)] if cache else []
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HOME": str(folder / "hf")}
    code, output = run_command(command, {**environment, "OPENAI_API_KEY": api_key or ""}, folder)
    samples = sorted((folder / "out").rglob("samples_*.jsonl"))
    if code or not samples:
        raise HarnessError(f"lm-eval ended with {code} and {len(samples)} files of samples:\n{last_lines(output)}")
    return HarnessRun(f"lm-eval {VERSION}", dataset, _read_samples(samples[-1]), code, output)


def _write_task(folder: Path, dataset: EvaluationSet) -> Path:
    """The task and its items; returns the folder of the task."""
    settings = dataset.settings
    examples = [
        {"id": f"example {number}", "prompt": prompt, "target": example.answer}
        for number, (example, prompt) in enumerate(zip(settings.examples, _example_prompts(dataset), strict=True))
    ]
    items = [
        {"id": item.id, "prompt": conversation(item, settings)[-1]["content"], "target": item.references[0]}
        for item in dataset.items
    ]
    for name, lines in (("examples.jsonl", examples), ("items.jsonl", items)):
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        (folder / name).write_text(text, encoding="utf-8")
    task: dict[str, Any] = {
        "task": _TASK,
        "dataset_path": "json",
        "dataset_kwargs": {
            "data_files": {"train": str(folder / "examples.jsonl"), "test": str(folder / "items.jsonl")}
        },
        "test_split": "test",
        "fewshot_split": "train",
        "num_fewshot": len(examples),
        "fewshot_config": {"sampler": "first_n"},
        "output_type": "generate_until",
        "doc_to_text": "{{prompt}}",
        "doc_to_target": "{{target}}",
        "target_delimiter": "",
        "fewshot_delimiter": "",
        "generation_kwargs": {
            "until": [_NO_STOP],
            "do_sample": False,
            "temperature": 0,
            "max_gen_toks": settings.max_tokens,
        },
        "metric_list": [{"metric": "exact_match", "ignore_case": True, "ignore_punctuation": True}],
    }
    tasks = folder / "tasks"
    tasks.mkdir()
    (tasks / "ours.yaml").write_text(yaml.safe_dump(task), encoding="utf-8")
    return tasks


def _example_prompts(dataset: EvaluationSet) -> list[str]:
    turns = conversation(dataset.items[0], dataset.settings)
    return [turn["content"] for turn in turns[:-1] if turn["role"] == "user"]


def _read_samples(path: Path) -> dict[str, HarnessAnswer]:
    answers = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        sample = json.loads(line)
        messages = json.loads(sample["arguments"]["gen_args_0"]["arg_0"][0])
        text = sample["filtered_resps"][0]
        answers[sample["doc"]["id"]] = HarnessAnswer(text or "", sample["exact_match"] == 1.0, messages)
    return answers
