"""Rendering of a page from a package's own template within the shared frame."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keywords.engine.pages.environment import page_environment
from keywords.engine.redaction.secrets import SECRETS

if TYPE_CHECKING:
    from jinja2 import Environment

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
    return page_environment(templates, _SHARED)
