"""One configuration in force with all that it needs, and the differences to the next one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.config.load import Config

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp

    from gateway.backends.base import Backend
    from gateway.limits.checks import RequestChecks
    from gateway.routing.routes import Routes

# These own the listener, other processes, or files and connections that outlive every request.
UNTIL_RESTART = ("server", "shared", "ledger", "otel")


@dataclass(slots=True, eq=False)
class Generation:
    """One configuration in force, with all that it needs.

    Attributes:
        config: in force.
        app: answers requests by this configuration.
        backends: by name; those whose table did not change are shared with the previous generation.
        routes: over these backends.
        checks: of keys and limits.
        requests: how many are in flight; they finish here after the next generation takes over.
    """

    config: Config
    app: ASGIApp
    backends: Mapping[str, Backend]
    routes: Routes
    checks: RequestChecks
    requests: int = 0


def reloaded(running: Config, loaded: Config) -> Config:
    """The configuration after a reload: the loaded one, with the running one's `UNTIL_RESTART` tables."""
    return loaded.model_copy(update={name: getattr(running, name) for name in UNTIL_RESTART})


def differences(one: Config, other: Config) -> list[str]:
    """The names of the settings that differ: `limits.in_flight` or, in a table of tables, `models."m"`."""
    return [path for name in Config.model_fields for path in _differing(name, getattr(one, name), getattr(other, name))]


def _differing(path: str, one: Any, other: Any) -> list[str]:
    if one == other:
        return []
    if isinstance(one, dict):
        return [f'{path}."{name}"' for name in one | other if one.get(name) != other.get(name)]
    fields = getattr(type(one), "model_fields", None)
    if fields is None:
        return [path]
    return [f"{path}.{name}" for name in fields if getattr(one, name) != getattr(other, name)]
