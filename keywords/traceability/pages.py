"""Templates of this package's pages."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keywords.engine.pages.environment import page_environment

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).with_name("templates")


def render(template: str, **values: Any) -> str:
    """Render a template; values are escaped in HTML templates."""
    return _environment().get_template(template).render(**values)


@functools.cache
def _environment() -> Environment:
    return page_environment(TEMPLATES)
