"""NVIDIA's own diagnosis, where `dcgmi` is installed: its results as findings beside ours."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any, Final

from keywords.engine.gpu.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keywords.engine.gpu.findings import Action, Verdict

WITHIN_S: Final = 120.0
"""Level 1 takes seconds; starting its service may take a minute."""
_VERDICTS: Final[dict[str, Verdict]] = {"pass": "OK", "warn": "WARN", "fail": "CRITICAL", "skip": "UNKNOWN"}
_ACTIONS: Final[dict[Verdict, Action]] = {"OK": "none", "WARN": "none", "CRITICAL": "drain", "UNKNOWN": "none"}


class DiagnosisError(Exception):
    """`dcgmi` gave no diagnosis; the message has its reason."""


def find_command() -> str | None:
    """The path of `dcgmi`; None where DCGM is not installed."""
    return shutil.which("dcgmi")


def diagnose(command: str, level: int = 1) -> tuple[Finding, ...]:
    """Run `dcgmi diag -r <level> -j`.

    Raises:
        DiagnosisError: it does not end, or prints no results.
    """
    try:
        done = subprocess.run(  # noqa: S603  # a fixed command
            [command, "diag", "-r", str(level), "-j"], capture_output=True, text=True, timeout=WITHIN_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise DiagnosisError(f"`dcgmi diag -r {level}` did not end within {WITHIN_S:g} s") from None
    findings = read_diagnosis(done.stdout)
    if not findings:
        said = (done.stderr or done.stdout).strip()[:300]
        raise DiagnosisError(f"`dcgmi diag -r {level}` ended with {done.returncode} and no results: {said}")
    return findings


def read_diagnosis(text: str) -> tuple[Finding, ...]:
    """Read the JSON of `dcgmi diag -j`, version 3 (results by `gpu_id`) or 4 (by `entity_id`); none of other texts."""
    start = text.find("{")
    try:
        document = json.loads(text[start:]) if start >= 0 else None
    except ValueError:
        return ()
    return tuple(
        finding
        for test in _tests(document)
        for result in test.get("results", ())
        if (finding := _finding(str(test.get("name", "?")), result)) is not None
    )


def _tests(value: Any) -> Iterator[dict[str, Any]]:
    """Every mapping with a list of results, wherever the version puts it."""
    if isinstance(value, dict):
        if isinstance(value.get("results"), list):
            yield value
        for each in value.values():
            yield from _tests(each)
    elif isinstance(value, list):
        for each in value:
            yield from _tests(each)


def _finding(name: str, result: dict[str, Any]) -> Finding | None:
    status = str(result.get("status", "")).strip().lower()
    verdict = _VERDICTS.get(status)
    if verdict is None:
        return None
    device = str(result.get("gpu_id", result.get("entity_id", "0")))
    warnings = result.get("warnings", result.get("info", ""))
    texts = [each.get("warning", "") if isinstance(each, dict) else each for each in _list(warnings)]
    evidence = "; ".join(str(text) for text in texts if text) or f"dcgmi says {status}"
    index = int(device) if device.isdecimal() else 0
    return Finding(
        f"dcgm-{name.lower().replace(' ', '-')}", index, verdict, evidence, _ACTIONS[verdict], f"DCGM: {name}"
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
