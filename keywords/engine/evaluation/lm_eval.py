"""lm-evaluation-harness on one of our sets: the same messages, its own marks, its answers in our store."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from keywords.engine.evaluation import storage
from keywords.engine.evaluation.asking import Asked
from keywords.engine.evaluation.items import DatasetError
from keywords.engine.evaluation.marks import Reply
from keywords.engine.evaluation.prompting import Question, Sampling, conversation
from keywords.engine.evaluation.runs import Plan, begin
from keywords.engine.evaluation.tables import ROOM
from keywords.engine.openai.client import CHAT
from keywords.engine.redaction.secrets import SECRETS
from keywords.engine.store.database import Store
from keywords.engine.store.runs import end_run

if TYPE_CHECKING:
    from pathlib import Path

    from keywords.engine.evaluation.catalogue import EvaluationSet

VERSION = "0.4.13"
"""What it does here was read and run in this version."""
_TASK = "ours"
_TIMEOUT_S = 600.0
_NO_STOP = "</no stop>"
"""It demands a stop sequence; no answer has this one."""
_SHOWN_LINES = 15


class LmEvalError(Exception):
    """lm-eval did not run; the message ends with its last lines."""


@dataclass(frozen=True, slots=True)
class LmEvalAnswer:
    """One answer as lm-eval took it.

    Attributes:
        text: what it holds for the model's text; empty also where it got none.
        correct: its own mark, `exact_match` without case and punctuation.
        messages: what it asked.
    """

    text: str
    correct: bool
    messages: list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class LmEvalRun:
    """A run of lm-eval.

    Attributes:
        dataset: the set.
        answers: by item.
        output: what it printed.
    """

    dataset: EvaluationSet
    answers: dict[str, LmEvalAnswer]
    output: str

    @property
    def correct(self) -> int:
        """The number of answers that it marks as correct."""
        return sum(one.correct for one in self.answers.values())


def run_lm_eval(
    folder: Path, dataset: EvaluationSet, url: str, model: str, api_key: str | None, *, cache: Path | None = None
) -> LmEvalRun:
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
        LmEvalError: it ended with an error, or left no samples.
    """
    if any(item.choices or not item.references for item in dataset.items):
        raise DatasetError(f"{dataset.label}: lm-eval is given sets of short answers only, without choices")
    tasks = _write_task(folder, dataset)
    command = [sys.executable, "-m", "lm_eval", "--model", "local-chat-completions", "--tasks", _TASK]
    command += ["--model_args", f"model={model},base_url={url}{CHAT},num_concurrent=1,max_retries=1"]
    command += ["--include_path", str(tasks), "--apply_chat_template", "--fewshot_as_multiturn", "true"]
    command += ["--log_samples", "--output_path", str(folder / "out")]
    command += ["--system_instruction", dataset.settings.system] if dataset.settings.system else []
    command += ["--use_cache", str(cache)] if cache else []
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HOME": str(folder / "hf")}
    done = subprocess.run(  # noqa: S603  # our own command line
        command,
        env={**environment, "OPENAI_API_KEY": api_key or ""},
        capture_output=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    output = SECRETS.clean((done.stdout + done.stderr).decode(errors="replace"))
    samples = sorted((folder / "out").rglob("samples_*.jsonl"))
    if done.returncode or not samples:
        tail = "\n".join(output.splitlines()[-_SHOWN_LINES:])
        raise LmEvalError(f"lm-eval ended with {done.returncode} and {len(samples)} files of samples:\n{tail}")
    return LmEvalRun(dataset, _read_samples(samples[-1]), output)


def import_run(path: Path, found: LmEvalRun, url: str, model: str) -> int:
    """Store its answers as a run of ours, marked by the set's own scorer.

    Args:
        path: of the store of measurements.
        found: the run.
        url: the server that it asked.
        model: that it asked.

    Returns:
        The run's id.
    """
    dataset = found.dataset
    plan = Plan(dataset, Sampling(), series=f"{dataset.settings.name} by lm-eval", concurrency=1)
    scorers = plan.chosen_scorers()
    items = {item.id: item for item in dataset.items}
    with Store(path, ROOM) as store:
        run = begin(store, url, model, plan, {"server": f"asked by lm-eval {VERSION}"})
        for item, answer in found.answers.items():
            body = json.dumps({"model": model, "messages": answer.messages}, ensure_ascii=False).encode()
            asked = Asked(Reply(answer.text), None, "", None, None, 0.0)
            marks = storage.marks_of(asked, items[item], 0, scorers)
            storage.write_answer(store, run, Question(item, 0, 0, body), "", asked, marks, cached=False)
        end_run(store, run)
    return run


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


def _read_samples(path: Path) -> dict[str, LmEvalAnswer]:
    answers = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        sample = json.loads(line)
        messages = json.loads(sample["arguments"]["gen_args_0"]["arg_0"][0])
        text = sample["filtered_resps"][0]
        answers[sample["doc"]["id"]] = LmEvalAnswer(text or "", sample["exact_match"] == 1.0, messages)
    return answers
