"""Environment of the templates of all pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from jinja2 import Environment
    from markupsafe import Markup


def page_environment(*folders: Path, finalize: Callable[[object], object] | None = None) -> Environment:
    """The environment of some folders' templates: values are escaped in HTML, and a missing one is an error.

    Args:
        folders: of templates; the first that has one gives it.
        finalize: what a template shows of each value; all of it if left out.
    """
    import jinja2  # noqa: PLC0415  # keeps the start of every run fast

    options: dict[str, Any] = {} if finalize is None else {"finalize": finalize}
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders),
        autoescape=jinja2.select_autoescape(["html"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        **options,
    )
    environment.filters["code"] = _code
    return environment


def _code(text: str) -> Markup:
    """A text for HTML, escaped, with what stands in back-quotes as code."""
    from markupsafe import Markup, escape  # noqa: PLC0415  # comes with jinja2, and is as slow to import

    # Escaped first; a back-quote and code's tags need no escape.
    return Markup(re.sub(r"`([^`\n]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704
