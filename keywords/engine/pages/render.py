"""Rendering of a page from a package's own template within the shared frame."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keywords.engine.redaction.secrets import SECRETS

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_SHARED = Path(__file__).with_name("templates")


def write_page(path: Path, templates: Path, template: str, **values: Any) -> Path:
    """Write a page, without the secrets that this process knows.

    Args:
        path: the file; its folder is made.
        templates: folder of the package's own templates; `frame.html` and `frame.css` are there too.
        template: the file's name there.
        **values: of the template; all are escaped but `Markup`.

    Raises:
        OSError: the file cannot be written.
    """
    text = _environment(templates).get_template(template).render(**values)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(SECRETS.redact(text.encode("utf-8", "backslashreplace")))
    return path


@functools.cache
def _environment(templates: Path) -> Environment:
    import jinja2  # noqa: PLC0415  # keeps the start of every run fast

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([templates, _SHARED]),
        autoescape=True,
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
