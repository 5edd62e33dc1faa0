"""Reader of the files that Robot's Allure listener writes; every part that this package uses is checked."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STEP_KINDS = ("steps", "befores", "afters")
STEPS_DEEP = 200
"""Greatest depth of steps within steps; Robot itself stops at 140 keywords within keywords."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""A uuid or the name of an attached file, which become parts of paths."""


class ResultError(Exception):
    """A file of results is damaged."""


def read_results(folder: Path) -> Iterator[dict[str, Any]]:
    """Read the results of rows. Each has a `uuid`; all else may be missing, and what is there has its type.

    Raises:
        ResultError: a file cannot be read, or is not what the listener writes.
    """
    for path, item in _read(folder, "*-result.json"):
        _check(path, item)
        yield item


def read_containers(folder: Path) -> Iterator[dict[str, Any]]:
    """Read the containers of setups and teardowns. Each has a `uuid` and `children`, a list of uuids.

    Raises:
        ResultError: a file cannot be read, or is not what the listener writes.
    """
    for path, item in _read(folder, "*-container.json"):
        _check(path, item)
        # The listener leaves out an empty list: the suite's rows ran in another process, or all were left out.
        children = item.setdefault("children", [])
        if not isinstance(children, list) or not all(isinstance(child, str) for child in children):
            raise _error(path, "'children' is no list of uuids")
        yield item


def _read(folder: Path, pattern: str) -> Iterator[tuple[Path, Any]]:
    for path in sorted(folder.glob(pattern)):
        try:
            yield path, json.loads(path.read_bytes())
        except OSError as err:
            raise ResultError(f"{path} cannot be read ({err.strerror}): remove it and run the suites again") from err
        except (ValueError, RecursionError) as err:
            raise ResultError(f"{path} is broken off or not JSON ({err}): remove it and run the suites again") from err


def _check(path: Path, item: Any) -> None:
    if not isinstance(item, dict):
        raise _error(path, "it holds no object")
    if not _is_name(item.get("uuid")):
        raise _error(path, "'uuid' is missing or no uuid")
    if not isinstance(start := item.get("start") or 0, int | float) or not math.isfinite(start):
        raise _error(path, "'start' is no time in milliseconds")
    details = item.get("statusDetails") or {}
    if not isinstance(details, dict):
        raise _error(path, "'statusDetails' is no object")
    for name, value in (*((name, item.get(name)) for name in ("fullName", "status")), *details.items()):
        if name in {"fullName", "status", "message", "trace"} and not isinstance(value, str | None):
            raise _error(path, f"'{name}' is no text")
    _check_step(path, item, 0)


def _check_step(path: Path, step: Any, depth: int) -> None:
    """Check what a row, a setup, a teardown and a step within one have in common."""
    if not isinstance(step, dict):
        raise _error(path, "a step is no object")
    if depth > STEPS_DEEP:
        raise _error(path, f"steps lie more than {STEPS_DEEP} deep")
    for name in ("name", "description"):
        if not isinstance(step.get(name), str | None):
            raise _error(path, f"'{name}' is no text")
    for attachment in _list(path, step, "attachments"):
        if not isinstance(attachment, dict) or not _is_name(attachment.get("source")):
            raise _error(path, "the 'source' of an attachment is no file beside it")
    for below in [below for kind in STEP_KINDS for below in _list(path, step, kind)]:
        _check_step(path, below, depth + 1)


def _list(path: Path, step: dict[str, Any], name: str) -> list[Any]:
    if not isinstance(found := step.get(name) or [], list):
        raise _error(path, f"'{name}' is no list")
    return found


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def _error(path: Path, why: str) -> ResultError:
    return ResultError(f"{path} is not what Robot's Allure listener writes ({why}): remove it and run the suites again")
