"""Files of the register, read strictly from YAML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    import yaml


_SURELY_SHALLOW = 1000
"""Levels; libyaml crashed at 100,000, and read 5,000, with a stack of 8 MiB."""


class RegisterError(Exception):
    """The register cannot be used.

    Attributes:
        problems: one sentence for each problem, with file, entry, field and remedy.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def read_yaml(path: Path, remedy: str) -> Any:
    """The plain data of a YAML file; fields written twice and half characters are never passed over.

    Args:
        path: the file.
        remedy: what to write if the file cannot be read as meant.

    Raises:
        RegisterError: the file is missing, or is not YAML.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as err:
        raise RegisterError([f"{path}: the register cannot be read: {err.strerror}; give its path"]) from err
    except ValueError as err:
        raise RegisterError([f"{path}: this is not YAML, fix it: {err}"]) from err
    if _may_be_deep(text):
        return _exact(path, text, remedy)
    try:
        return _exact(path, text, remedy) if _may_be_deep(text) else _fast(text)
    except RegisterError:
        raise
    except Exception:  # noqa: BLE001  # the exact reader says what is wrong
        return _exact(path, text, remedy)


def lines_of_entries(path: Path) -> dict[tuple[str | int, ...], int]:
    """The line of each value of a file, by the way to it; empty if it is not YAML.

    Returns:
        For example `{(0, "risk", "impact"): 7}`; an entry's own line stands at `(0,)`.
    """
    import yaml  # noqa: PLC0415  # the hooks import this module at the start of every run

    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), yaml.SafeLoader)
    except (yaml.YAMLError, OSError, ValueError, RecursionError):
        return {}
    lines: dict[tuple[str | int, ...], int] = {}
    _note_lines(node, (), lines)
    return lines


def _note_lines(node: yaml.Node | None, way: tuple[str | int, ...], lines: dict[tuple[str | int, ...], int]) -> None:
    import yaml  # noqa: PLC0415  # as above

    if node is None or way in lines:
        return
    lines[way] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        for place, child in enumerate(node.value):
            _note_lines(child, (*way, place), lines)
    elif isinstance(node, yaml.MappingNode):
        for key, child in node.value:
            _note_lines(child, (*way, str(key.value)), lines)


def _may_be_deep(text: str) -> bool:
    """Whether so much may be nested that libyaml, which recurses without a limit, would crash."""
    depth = deepest = 0
    for bracket in re.findall(r"[][{}]", text):
        depth = depth + 1 if bracket in "[{" else max(0, depth - 1)
        deepest = max(depth, deepest)
    # Without brackets, each level takes a column more.
    return max(deepest, *map(len, text.splitlines()), 0) > _SURELY_SHALLOW


def _fast(text: str) -> Any:
    """What the library's reader in C makes of a text: ten times as fast, and without sentences on faults."""
    import yaml  # noqa: PLC0415  # as above

    class Loader(_strict(yaml.CSafeLoader)):  # type: ignore[misc]  # which reader is there is known at run time
        pass

    return _joined(yaml.load(text, Loader))  # noqa: S506  # a safe loader, which makes only plain data


def _exact(path: Path, text: str, remedy: str) -> Any:
    import yaml  # noqa: PLC0415  # as above

    class Loader(_strict(yaml.SafeLoader)):  # type: ignore[misc]  # as above
        pass

    try:
        return _joined(yaml.load(text, Loader))  # noqa: S506  # as above
    except RecursionError as err:
        raise RegisterError([f"{path}: it is nested too deeply; {remedy}"]) from err
    except Exception as err:  # whatever the library stumbles over, the file is what there is to fix
        raise RegisterError([f"{path}: this is not YAML, fix it: {err}"]) from err


def _strict(base: Any) -> Any:
    """A loader that refuses duplicate fields, of which YAML keeps the last, and names what it cannot convert."""
    import yaml  # noqa: PLC0415  # as above

    class Strict(base):  # type: ignore[misc]  # as above
        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002  # YAML's own signature
            names = [key.value for key, _ in node.value]
            duplicate = next((name for name in names if names.count(name) > 1), None)
            if duplicate is not None:
                raise yaml.constructor.ConstructorError(
                    None, None, f"field '{duplicate}' is written twice; remove one", node.start_mark
                )
            built: dict[Any, Any] = super().construct_mapping(node, deep)
            return built

        def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: FBT001, FBT002  # YAML's own signature
            try:
                return super().construct_object(node, deep)
            except (yaml.YAMLError, RecursionError):
                raise
            except Exception as err:
                # The library converts what looks like a date or a number, without a check of its own.
                problem = f"{err!r}; write the value in quotes if it is a text"
                raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from err

    return Strict


def _joined(value: Any) -> Any:
    r"""The value with whole characters where YAML's `\u` escapes wrote them as two halves, as JSON's writers do."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    if isinstance(value, list):
        return [_joined(one) for one in value]
    return {_joined(name): _joined(one) for name, one in value.items()} if isinstance(value, dict) else value
