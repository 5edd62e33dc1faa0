"""Finds environment variables with the gateway's prefix that it does not read."""

from __future__ import annotations

import os
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from gateway.config.problems import Problem, unknown_name

if TYPE_CHECKING:
    from collections.abc import Collection

ENV_PREFIX = "GATEWAY_"
# Variables beside the settings: of the gateway itself, and of its clients such as the suite.
_OWN = ("API_KEYS", "MODEL", "INSTANCE", "API_KEY", "URL")
# Similarity of a typing error; other programs' variables may have the same prefix.
_TYPO = 0.8
# Kubernetes sets these, and PORT, for a service named gateway or gateway-something.
_KUBERNETES = re.compile(r"(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_\w+)?)")


def misspelt_tables(tables: Collection[str]) -> list[Problem]:
    """The problems of variables `GATEWAY_<TABLE>__…` with an unknown table."""
    tables_by_variable = {
        variable: name.split("__")[0].lower() for name, variable in _variables().items() if "__" in name
    }
    return [
        _problem(variable, f"names no table '{table}'", unknown_name(table, tables, "or unset it"))
        for variable, table in tables_by_variable.items()
        if table not in tables
    ]


def unread(settings: Collection[str], further: Collection[str]) -> tuple[list[Problem], list[Problem]]:
    """Find variables with the gateway's prefix that it does not read.

    Args:
        settings: names of settings without the prefix, such as `SERVER__PORT`.
        further: variables that the configuration names.

    Returns:
        Probable typing errors of variables that it reads, and the others.
    """
    known = {*_OWN, *settings}
    typos, others = list[Problem](), list[Problem]()
    for name, variable in _variables().items():
        if "__" in name or name in known or variable in further or _is_of_kubernetes(name, variable):
            continue
        near = get_close_matches(name, sorted(known), n=1, cutoff=_TYPO)
        suggestions = near or sorted(setting for setting in known if setting.endswith(f"__{name}"))
        fix = (
            f"did you mean {ENV_PREFIX}{suggestions[0]}? If not, unset it"
            if suggestions
            else "see `gateway serve --help`"
        )
        (typos if near else others).append(_problem(variable, "means nothing to the gateway", fix))
    return typos, others


def _variables() -> dict[str, str]:
    """The variables by their upper-case names without the prefix; the gateway ignores case."""
    by_name = {name.upper(): name for name in sorted(os.environ)}
    return {name.removeprefix(ENV_PREFIX): by_name[name] for name in by_name if name.startswith(ENV_PREFIX)}


def _problem(variable: str, what: str, fix: str) -> Problem:
    return Problem(f"environment variable {variable}", what, fix)


def _is_of_kubernetes(name: str, variable: str) -> bool:
    is_address = name.endswith("PORT") and "://" in os.environ[variable]
    return is_address or _KUBERNETES.fullmatch(name) is not None
