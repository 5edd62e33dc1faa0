"""Environment variables of the gateway, and those that look like one of them and are none."""

from __future__ import annotations

import os
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from gateway.config.problems import Problem, unknown_name

if TYPE_CHECKING:
    from collections.abc import Collection

ENV_PREFIX = "GATEWAY_"
# Beside the settings: what the gateway itself reads, and what its clients, the suite among them, are told by.
_OWN = ("API_KEYS", "MODEL", "INSTANCE", "API_KEY", "URL")
# As near as a slip of the finger; variables of others may begin like the gateway's.
_SLIP = 0.8
# What Kubernetes tells each container of a service called gateway, or gateway-something; it sets PORT too.
_OF_A_SERVICE = re.compile(r"(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_\w+)?)")


def misspelt_tables(tables: Collection[str]) -> list[Problem]:
    """Variables `GATEWAY_<TABLE>__…` that would overrule a setting, were there such a table."""
    named = {variable: name.split("__")[0].lower() for name, variable in _variables().items() if "__" in name}
    return [
        _problem(variable, f"names no table '{table}'", unknown_name(table, tables, "or unset it"))
        for variable, table in named.items()
        if table not in tables
    ]


def unread(settings: Collection[str], further: Collection[str]) -> tuple[list[Problem], list[Problem]]:
    """Variables that begin like the gateway's, and that it does not read.

    Args:
        settings: the names that overrule the file, such as `SERVER__PORT`, without the prefix.
        further: variables that the configuration names.

    Returns:
        Those that are a slip away from one that it reads, and the others.
    """
    known = {*_OWN, *settings}
    slips, others = list[Problem](), list[Problem]()
    for name, variable in _variables().items():
        if "__" in name or name in known or variable in further or _is_of_a_service(name, variable):
            continue
        near = get_close_matches(name, sorted(known), n=1, cutoff=_SLIP)
        meant = near or sorted(setting for setting in known if setting.endswith(f"__{name}"))
        fix = f"did you mean {ENV_PREFIX}{meant[0]}? If not, unset it" if meant else "see `gateway serve --help`"
        (slips if near else others).append(_problem(variable, "means nothing to the gateway", fix))
    return slips, others


def _variables() -> dict[str, str]:
    """The variables by their names without the prefix, in capitals: the gateway reads them in either case."""
    found = {name.upper(): name for name in sorted(os.environ)}
    return {name.removeprefix(ENV_PREFIX): found[name] for name in found if name.startswith(ENV_PREFIX)}


def _problem(variable: str, what: str, fix: str) -> Problem:
    return Problem(f"environment variable {variable}", what, fix)


def _is_of_a_service(name: str, variable: str) -> bool:
    is_address = name.endswith("PORT") and "://" in os.environ[variable]
    return is_address or _OF_A_SERVICE.fullmatch(name) is not None
