"""Faults of suite and resource files that Robot only reports and passes over, so that rows vanish or lose a setting."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robot.api.parsing import (
    CommentSection,
    File,
    ModelVisitor,
    ResourceImport,
    TestCase,
    VariablesImport,
    get_init_model,
    get_model,
    get_resource_model,
)
from robot.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

INIT = "__init__.robot"
_PLACES = {"${/}": os.sep, "${:}": os.pathsep, "${EXECDIR}": os.fspath(Path.cwd())}
"""Variables that a path may hold and that are known without a run; `${CURDIR}` is the file's own folder."""


def file_findings(sources: Iterable[Path]) -> list[str]:
    """What Robot does not understand in suites, and in the resource files that they import.

    Args:
        sources: suite files, or folders of them. Robot ignores what begins with `_` or `.` in a folder.

    Returns:
        One sentence for each fault, with file and line.
    """
    findings: dict[str, None] = {}
    files = list(dict.fromkeys(file for source in sources for file in _suite_files(source)))
    seen = set(files)
    for file in files:  # grows by the resources that are imported
        faults = _FileFaults(file)
        findings.update(dict.fromkeys(faults.find()))
        new = [resource for resource in faults.resources if resource not in seen]
        seen.update(new)
        files += new
    return list(findings)


def _suite_files(source: Path) -> Iterator[Path]:
    if source.is_file():
        yield source.resolve()
        return
    for path in sorted(source.iterdir()):
        if path.name.startswith((".", "_")) and path.name != INIT:
            continue
        if path.is_dir() or path.suffix.lower() == ".robot":
            yield from _suite_files(path)


class _FileFaults(ModelVisitor):  # type: ignore[misc]  # Robot's base class has no types
    """Finds the faults of one file.

    Attributes:
        resources: the resource files that it imports.
    """

    def __init__(self, file: Path) -> None:
        self.resources: list[Path] = []
        self._file = file
        self._findings: list[str] = []
        self._rows = 0

    def find(self) -> list[str]:
        is_resource = self._file.suffix.lower() == ".resource"
        read = get_resource_model if is_resource else get_init_model if self._file.name == INIT else get_model
        try:
            model: File = read(self._file)
        except DataError as err:
            return [f"{_near(self._file)}: {err}; fix the file"]
        self.visit(model)
        if read is get_model and not self._rows:
            self._add(1, "this suite holds no row; write *** Test Cases *** above its rows, or remove the file")
        return self._findings

    def visit(self, node: Any) -> None:
        tokens = [token.error for token in getattr(node, "tokens", ()) if token.error]
        for error in dict.fromkeys((*node.errors, *tokens)):
            self._add(node.lineno, f"Robot does not understand this: {' '.join(error.split())}")
        super().visit(node)

    def visit_CommentSection(self, node: CommentSection) -> None:  # noqa: N802  # Robot's name
        """A section without a header holds what stands above the first one."""
        texts = [line.lineno for line in node.body if line.tokens[0].type == "COMMENT" and _is_text(line)]
        if node.header is None and texts:
            self._add(texts[0], "Robot ignores what stands above the first section header; write it as a # comment")

    def visit_TestCase(self, node: TestCase) -> None:  # noqa: N802  # Robot's name
        self._rows += 1
        self.generic_visit(node)

    def visit_ResourceImport(self, node: ResourceImport) -> None:  # noqa: N802  # Robot's name
        found = self._imported(node)
        # Robot reads resources of other formats too, such as .rst; this reader does not.
        self.resources += [found] if found and found.suffix.lower() == ".resource" else []

    def visit_VariablesImport(self, node: VariablesImport) -> None:  # noqa: N802  # Robot's name
        # A name without a suffix is a Python module.
        if Path(node.name or "").suffix:
            self._imported(node)

    def _imported(self, node: ResourceImport | VariablesImport) -> Path | None:
        """The imported file; None if its path depends on the run, or if it is a finding that there is none."""
        name = node.name or ""
        for variable, value in {**_PLACES, "${CURDIR}": os.fspath(self._file.parent)}.items():
            name = name.replace(variable, value)
        if not name or re.search(r"[$%]\{", name):
            return None
        for folder in (self._file.parent, *map(Path, sys.path)):
            if (folder / name).is_file():
                return (folder / name).resolve()
        self._add(node.lineno, f"there is no file {node.name}; correct the import")
        return None

    def _add(self, line: int, what: str) -> None:
        self._findings.append(f"{_near(self._file)}:{line}: {what}")


def _is_text(line: Any) -> bool:
    return bool(text := "".join(token.value for token in line.tokens).strip()) and not text.startswith("#")


def _near(file: Path) -> Path:
    return file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
