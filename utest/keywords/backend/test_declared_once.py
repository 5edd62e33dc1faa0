"""A kind of backend is declared in one place of the suite; what else names it is counted here."""

import ast
from pathlib import Path

import keywords

HERE = Path(keywords.__file__).parent


def names_of_kind(path, kind):
    """The lines whose code names a kind; comments and docstrings do not count."""
    tree = ast.parse(path.read_text())
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=word) | ast.Name(id=word) | ast.Attribute(attr=word) | ast.arg(arg=word):
                if word == kind and id(node) not in docstrings:
                    yield f"{path.relative_to(HERE).as_posix()}:{node.lineno}"


def test_a_kind_of_backend_is_one_line():
    places = {place for path in HERE.rglob("*.py") for place in names_of_kind(path, "nim")}
    assert [place.split(":")[0] for place in places] == ["backend/scripted.py"], (
        "Take the kinds from `Kind` of keywords/backend/scripted.py."
    )
