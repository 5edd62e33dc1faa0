"""Templates of this package's pages."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

TEMPLATES = Path(__file__).with_name("templates")


def render(template: str, **values: Any) -> str:
    """Render a template; values are escaped in HTML templates."""
    return _environment().get_template(template).render(**values)


@functools.cache
def _environment() -> Environment:
    import jinja2  # noqa: PLC0415  # keeps the start of every run fast

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=jinja2.select_autoescape(["html"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["code"] = _code
    return environment


def _code(text: str) -> Markup:
    """A text for HTML, escaped, with what stands in back-quotes as code."""
    from markupsafe import Markup, escape  # noqa: PLC0415  # comes with jinja2, and is as slow to import

    # Escaped first; a back-quote and code's tags need no escape.
    return Markup(re.sub(r"`([^`\n]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704
