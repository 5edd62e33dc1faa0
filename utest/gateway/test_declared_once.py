"""Kinds of backends, limits of keys and metrics are declared in one place; few other modules may name them."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import gateway
from gateway.backends.kinds import KINDS
from gateway.config.keys import BUDGETS, RATE_LIMITS
from gateway.observability.request_metrics import METRICS

HERE = Path(gateway.__file__).parent
# The modules that enforce a limit, or show it to a client.
RULES = {"limits/store.py", "limits/redis_store.py", "limits/admission.py", "limits/headers.py"}
# Fields of clients' and backends' formats may have the same names.
FORMATS = ("formats/", "backends/")
# A budget in USD needs prices, and `gateway keys list` shows what was spent of a budget.
BUDGET_RULES = {"limits/checks.py", "cli/keys.py"}


def words(tree: ast.AST) -> Iterator[str]:
    """The names and strings of a module's code, without comments and docstrings."""
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if id(node) in docstrings:
            continue
        match node:
            case ast.Constant(value=str(word)) | ast.Name(id=word) | ast.Attribute(attr=word) | ast.arg(arg=word):
                yield word
            case ast.keyword(arg=str(word)) | ast.ClassDef(name=word) | ast.alias(name=word):
                yield word
            case ast.ImportFrom(module=str(word)):
                yield word


@cache
def modules() -> dict[str, ast.AST]:
    return {path.relative_to(HERE).as_posix(): ast.parse(path.read_text()) for path in HERE.rglob("*.py")}


def named_in(pattern: str) -> set[str]:
    """The modules whose code contains a name or string that matches."""
    regex = re.compile(pattern)
    return {name for name, tree in modules().items() if any(map(regex.search, words(tree)))}


def test_a_kind_of_backend_that_speaks_openais_format_is_its_module_and_its_line():
    assert named_in(r"\b[Nn]im(Config|Backend|\b)") == {"backends/openai/nim.py", "backends/kinds.py"}, (
        "Declare what the gateway must know of a kind in the kind's own module, as `is_embedded` and `neutralise` of "
        "its table are or as `Kind.arguments` is, and ask every kind for it."
    )


def compared(tree: ast.AST) -> Iterator[ast.Constant]:
    """The constants in comparisons."""
    for node in ast.walk(tree):
        match node:
            case ast.Compare(left=left, comparators=others):
                sides = [left, *others]
            case ast.MatchValue(value=value):
                sides = [value]
            case _:
                continue
        for side in sides:
            members = side.elts if isinstance(side, ast.Tuple | ast.List | ast.Set) else [side]
            yield from (member for member in members if isinstance(member, ast.Constant))


def test_nothing_is_decided_by_a_kinds_name():
    found = [
        f"{name}:{constant.lineno}"
        for name, tree in modules().items()
        for constant in compared(tree)
        if constant.value in KINDS
    ]
    assert not found, "Make it an attribute of the kind's table or of `Kind`, and ask for that."


@pytest.mark.parametrize("limit", [*RATE_LIMITS, *BUDGETS])
def test_a_limit_of_a_key_is_one_field_and_its_rules(limit):
    allowed = {"config/keys.py"} | RULES | (BUDGET_RULES if limit in BUDGETS else set())
    found = {name for name in named_in(rf"^{limit}$") if not name.startswith(FORMATS)}
    assert found <= allowed, (
        "Go through RATE_LIMITS and BUDGETS of gateway/config/keys.py, rather than naming each limit."
    )


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_metric_is_named_in_the_table_only(metric):
    names = [metric.name, *([metric.otlp.name] if metric.otlp else [])]
    for name in names:
        assert named_in(rf"^{re.escape(name)}$") == {"observability/request_metrics.py"}, (
            "Take it from METRICS of gateway/observability/request_metrics.py."
        )
