"""Digest of all code of this package that a function runs."""

from __future__ import annotations

import ast
import functools
import hashlib
import inspect
import re
import textwrap
from types import CodeType, FunctionType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PACKAGE = __name__.rpartition(".")[0]


@functools.cache
def code_digest(function: Callable[..., object]) -> str:
    """SHA-256 of a function, of the functions of this package that it calls, and of the constants that they read.

    Comments, docstrings and layout do not count.
    """
    parts: dict[str, str] = {}
    _collect(function, parts)
    text = "\n".join(f"{name}\n{parts[name]}" for name in sorted(parts))
    return hashlib.sha256(text.encode()).hexdigest()


def _collect(function: Callable[..., object], parts: dict[str, str]) -> None:
    if not isinstance(function, FunctionType):
        raise TypeError(f"{function!r} is no function")
    name = f"{function.__module__}.{function.__qualname__}"
    if name in parts:
        return
    parts[name] = ast.unparse(_bare(ast.parse(textwrap.dedent(inspect.getsource(function)))))
    for used in _names(function.__code__):
        value = function.__globals__.get(used)
        if isinstance(value, FunctionType) and value.__module__.startswith(_PACKAGE):
            _collect(value, parts)
        elif isinstance(value, str | int | tuple | frozenset | re.Pattern):
            parts[f"{function.__module__}.{used}"] = _shown(value)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _shown(value: str | int | tuple[object, ...] | frozenset[object] | re.Pattern[str]) -> str:
    if isinstance(value, re.Pattern):
        return f"{value.pattern} {value.flags}"
    return repr(sorted(map(repr, value))) if isinstance(value, frozenset) else repr(value)


def _bare(tree: ast.Module) -> ast.Module:
    """The code without docstrings, which decide nothing."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            kept = [one for one in node.body if not _is_text(one)]
            node.body = kept or [ast.Pass()]
    return tree


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
