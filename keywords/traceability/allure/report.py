"""Allure's page of a run, in one file that opens offline."""

from __future__ import annotations

import hashlib
import json
import subprocess
import tempfile
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from keywords.engine.processes.node import find_node
from keywords.traceability.allure.environment import environment_properties, executor
from keywords.traceability.allure.install import install_allure
from keywords.traceability.allure.results import stage_results
from keywords.traceability.results import read_output
from keywords.traceability.sealed_page import seal

GENERATE_LIMIT_S = 300
HISTORY = Path("history", "allure-history.jsonl")
"""History beside the page's folder, for the trends: one line of results for each run."""


class AllureReportError(Exception):
    """The page cannot be made from these results."""


@dataclass(frozen=True, slots=True)
class AllurePage:
    """A finished page.

    Attributes:
        page: the HTML file.
        rows: number of rows on it.
        missing: full names of rows that ran but have no result in Allure's folder.
    """

    page: Path
    rows: int
    missing: list[str]


def write_allure_page(*, results: Path, output: Path, to: Path, name: str) -> AllurePage:
    """Write the page of one run as the single file `index.html` in `to`.

    The history stands beside `to` and shows trends over all runs. A page that is made again replaces its run's entry.

    Args:
        results: the folder that Robot's Allure listener wrote.
        output: the run's output.xml; it names the run's rows, and its metadata becomes the environment.
        to: the folder for the page.
        name: the page's title.

    Raises:
        NodeUnavailableError: there is no Node for the generator.
        AllureUnavailableError: the generator is not installed, and the npm registry cannot be reached.
        AllureIntegrityError: the npm registry sent a package that differs from the lock file.
        AllureReportError: there are no results, or the generator failed on them.
        ResultError: a file of results is damaged.
        SealError: the generator's page would load something from outside.
        OutputError: the output.xml cannot be used.
    """
    run = read_output(output)
    with tempfile.TemporaryDirectory(prefix="allure-", ignore_cleanup_errors=True) as scratch:
        work = Path(scratch)
        (work / "results").mkdir()
        taken = stage_results(results, work / "results", run)
        if not taken.uuids:
            raise AllureReportError(
                f"{results} holds no result of a row in {output}: run Robot with"
                f" --listener allure_robotframework:{results}, or name both with --results and --output"
            )
        facts = {**run.metadata, "Not of one run": run.merged}
        (work / "results" / "environment.properties").write_text(environment_properties(facts), encoding="utf-8")
        (work / "results" / "executor.json").write_text(json.dumps(executor()), encoding="utf-8")
        history = to.parent / HISTORY
        (work / "history.jsonl").write_text(_history_without(taken.uuids, history), encoding="utf-8")
        (work / "allurerc.json").write_text(json.dumps(_config(name)), encoding="utf-8")
        _generate(work)
        html = seal((work / "page" / "index.html").read_text(encoding="utf-8"))
        _replace(to / "index.html", html)
        _replace(history, (work / "history.jsonl").read_text(encoding="utf-8"))
    return AllurePage(to / "index.html", len(taken.uuids), taken.missing)


def _config(name: str) -> dict[str, Any]:
    template = resources.files(__package__).joinpath("allurerc.json").read_text(encoding="utf-8")
    return {**json.loads(template), "name": name, "output": "page", "historyPath": "history.jsonl"}


def _generate(folder: Path) -> None:
    node = find_node()
    command = [node.command, str(install_allure(node)), "generate", "--config", "allurerc.json", "results"]
    try:
        done = subprocess.run(  # noqa: S603  # node and generator as installed by us
            command, cwd=folder, capture_output=True, text=True, encoding="utf-8", timeout=GENERATE_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired as err:
        raise AllureReportError(f"the Allure generator did not end within {GENERATE_LIMIT_S} s") from err
    if done.returncode != 0 or not Path(folder, "page", "index.html").is_file():
        raise AllureReportError(f"the Allure generator failed: {(done.stderr or done.stdout).strip()}")


def _history_without(uuids: list[str], history: Path) -> str:
    """The history as text, without the run of these results."""
    # Allure's id of a result in the history is the MD5 of its uuid.
    own = {hashlib.md5(uuid.encode(), usedforsecurity=False).hexdigest() for uuid in uuids}
    try:
        # Only a line feed ends an entry; texts within one may hold the other ends of a line.
        lines = [line for line in history.read_bytes().decode().split("\n") if line] if history.exists() else []
        ids = [{result["id"] for result in json.loads(line)["testResults"].values()} for line in lines]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as err:
        raise AllureReportError(f"{history} is damaged ({err!r}): remove it, the trends then begin anew") from err
    return "".join(f"{line}\n" for line, theirs in zip(lines, ids, strict=True) if own.isdisjoint(theirs))


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text, encoding="utf-8", newline="\n")
    fresh.replace(path)
