"""`qa docs`: a page for each keyword library and resource, and an index."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from robot.libdoc import LibraryDocumentation

import keywords
from keywords.run.places import RESOURCES
from keywords.traceability.pages import render

LIBRARY = "ROBOT_AUTO_KEYWORDS"
"""Attribute that Robot's `@library` sets on a class."""
INDEX = "index.html"
_WITHOUT_LIBRARIES = ("keywords.engine.", "keywords.traceability.", "keywords.qa.")


@dataclass(frozen=True, slots=True)
class Documented:
    """A page of Libdoc in the index.

    Attributes:
        title: the name that a suite imports, such as `keywords.client.chat.ChatLibrary`.
        page: the file's name.
        summary: the first paragraph of its documentation.
        keywords: names of its keywords.
    """

    title: str
    page: str
    summary: str
    keywords: tuple[str, ...]


def libraries() -> list[str]:
    """The import names of all keyword libraries, such as `keywords.client.chat.ChatLibrary`."""
    names = []
    for module in pkgutil.walk_packages(keywords.__path__, "keywords."):
        if module.ispkg or module.name.startswith(_WITHOUT_LIBRARIES):
            continue
        for name, value in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if value.__module__ == module.name and LIBRARY in vars(value) and _keyword_count(value):
                names.append(f"{module.name}.{name}")
    return sorted(names)


def _keyword_count(library: type) -> int:
    """The number of a library's keywords; the listener, also a library for Robot, has none."""
    return sum(hasattr(value, "robot_name") for value in vars(library).values())


def resources() -> list[Path]:
    """The resource files that suites share."""
    return sorted(RESOURCES.glob("*.resource"))


def write_documentation(to: Path) -> list[Path]:
    """Write Libdoc's page of each library and resource, and `index.html` with links to all of them.

    Args:
        to: the folder for the pages.

    Returns:
        The pages, the index first.

    Raises:
        subprocess.CalledProcessError: Libdoc refused a source; its message is on standard error.
    """
    to.mkdir(parents=True, exist_ok=True)
    sources = {f"{'-'.join(library.split('.')[1:-1])}.html": library for library in libraries()}
    written = [_write(source, to / page) for page, source in sources.items()]
    shared = [_write(str(resource), to / f"{resource.stem}-resource.html") for resource in resources()]
    groups = {"Libraries": written, "Resources": shared}
    (to / INDEX).write_text(render("keywords.html", groups=groups), encoding="utf-8")
    return [to / one for one in (INDEX, *(documented.page for documented in (*written, *shared)))]


def _write(source: str, page: Path) -> Documented:
    command = [sys.executable, "-m", "robot.libdoc", "--quiet", source, str(page)]
    subprocess.run(command, check=True)  # noqa: S603  # this interpreter, this project's files
    documentation = LibraryDocumentation(source)
    title = Path(source).name if source.endswith(".resource") else source
    summary = " ".join(documentation.doc.strip().split("\n\n")[0].split())
    return Documented(title, page.name, summary, tuple(keyword.name for keyword in documentation.keywords))
