"""Jinja templates that can neither reach out of themselves nor run away.

The language is Jinja's without what a prompt does not need: no macros, blocks, includes or calls but `range(…)`, and
filters that make nothing much longer. What is left is bounded in steps, time and size.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import orjson
from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, UndefinedError, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing
from jinja2.visitor import NodeTransformer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jinja2.runtime import Context

SOURCE_LIMIT = 64 * 1024
"""The longest template, in characters."""
TEXT_LIMIT = 256 * 1024
"""The longest text that a template may make, and the longest variable, in characters."""
STEPS_LIMIT = 10_000
"""How often its loops may go round, and the most items of a list."""
TIME_LIMIT_S = 0.1
"""How long it may take; everybody else's requests wait as long."""
_NUMBER_BITS = 4096
_FILTERS = """
    capitalize count d default first float int last length lower reverse string title trim truncate upper wordcount
""".split()  # noqa: SIM905  # a list of words reads best as words
_FORBIDDEN: dict[type[nodes.Node], str] = {
    nodes.Include: "include",
    nodes.Import: "import",
    nodes.FromImport: "import",
    nodes.Extends: "extends",
    nodes.Block: "block",
    nodes.Macro: "macro",
    nodes.CallBlock: "call",
    nodes.ScopedEvalContextModifier: "autoescape",
    nodes.Pow: "**",
}


class BadTemplateError(Exception):
    """The template's text cannot be used; the message says why, and after a semicolon how to fix it."""


class MissingVariableError(UndefinedError):
    """The template asks for a variable that it was not given.

    Attributes:
        name: of the variable.
    """

    def __init__(self, name: str, message: str | None = None) -> None:
        super().__init__(message)
        self.name = name


class TooMuchError(Exception):
    """The template makes more than it may; the message says of what."""


class UnfitVariablesError(Exception):
    """The template cannot work with the variables that it was given; the message says why."""


class SafeTemplate:
    """One compiled template.

    Args:
        source: its text.

    Attributes:
        variables: names that it asks for.

    Raises:
        BadTemplateError: it is no template, too long, or uses what is not allowed.
    """

    def __init__(self, source: str) -> None:
        if len(source) > SOURCE_LIMIT:
            raise BadTemplateError(f"is longer than {SOURCE_LIMIT} characters; shorten it")
        try:
            self._template = _ENVIRONMENT.from_string(source)
            self.variables = frozenset(meta.find_undeclared_variables(_ENVIRONMENT.parse(source)))
        except TemplateSyntaxError as error:
            raise BadTemplateError(f"is no template (line {error.lineno}: {error.message}); fix it there") from error
        except RecursionError as error:
            raise BadTemplateError("nests too deep; flatten it") from error

    def fill(self, variables: Mapping[str, Any]) -> str:
        """The text.

        Args:
            variables: texts, numbers, switches, and lists of these; they are data and never evaluated.

        Raises:
            MissingVariableError: it asks for one that is not there.
            TooMuchError: it makes too much with these.
            UnfitVariablesError: it cannot work with these.
        """
        _ENVIRONMENT.begin()
        pieces, length = [], 0
        try:
            for piece in self._template.generate(variables):
                length += _ENVIRONMENT.bounded(len(piece), length)
                pieces.append(piece)
        except (MissingVariableError, TooMuchError):
            raise
        except (TemplateError, ArithmeticError, TypeError, ValueError, LookupError, RecursionError) as error:
            raise UnfitVariablesError(str(error)) from error
        return "".join(pieces)


class _Missing(StrictUndefined):
    """Tells the name of a variable that is not there, as soon as it is used."""

    __slots__ = ()

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        if self._undefined_obj is missing:
            self._undefined_exception = cast(
                "type[UndefinedError]", partial(MissingVariableError, self._undefined_name or "")
            )


class _Environment(ImmutableSandboxedEnvironment):
    """Compiles templates, and keeps count while one of them is filled, which nothing interrupts."""

    intercepted_binops = frozenset({"+", "*", "%"})

    def __init__(self) -> None:
        super().__init__(undefined=_Missing, trim_blocks=True, lstrip_blocks=True)
        self.filters = {name: self.filters[name] for name in _FILTERS}
        self.filters |= {"join": self._join, "tojson": _json, "sort": _sorted, "unique": _unique}
        self.globals = {"range": self._range}
        self._steps = 0
        self._deadline = 0.0

    def begin(self) -> None:
        """Count anew."""
        self._steps = STEPS_LIMIT
        self._deadline = time.monotonic() + TIME_LIMIT_S

    def step(self) -> str:
        """Count one round of a loop; it stands at the beginning of each."""
        self._steps -= 1
        if self._steps < 0:
            raise TooMuchError(f"more than {STEPS_LIMIT} rounds of its loops")
        if time.monotonic() > self._deadline:
            raise TooMuchError(f"over {TIME_LIMIT_S:g} s of work")
        return ""

    def bounded(self, length: int, before: int = 0) -> int:
        """`length`, if a text of so many characters may be made in addition to those before."""
        if before + length > TEXT_LIMIT:
            raise TooMuchError(f"more than {TEXT_LIMIT} characters")
        return length

    def together(self, *values: Any) -> str:
        """What `~` makes."""
        texts = [str(value) for value in values]
        self.bounded(sum(map(len, texts)))
        return "".join(texts)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """`+`, `*` and `%`, each with an eye on what becomes of it."""
        if operator == "%" and isinstance(left, str):
            raise TypeError("% is for numbers only")
        if operator == "+" and isinstance(left, str | list) and isinstance(right, str | list):
            self.bounded(len(left) + len(right))
        if operator == "*":
            for sequence, times in ((left, right), (right, left)):
                if isinstance(sequence, str | list) and isinstance(times, int):
                    self.bounded(len(sequence) * max(times, 0))
            if isinstance(left, int) and isinstance(right, int):
                _check_number(left.bit_length() + right.bit_length())
        return super().call_binop(context, operator, left, right)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        return cast("nodes.Template", _Guard().visit(tree))

    def _range(self, *bounds: int) -> range:
        numbers = range(*bounds)
        if numbers[STEPS_LIMIT : STEPS_LIMIT + 1]:
            raise TooMuchError(f"more than {STEPS_LIMIT} rounds of its loops")
        return numbers

    def _join(self, values: Iterable[Any], separator: str = "") -> str:
        texts = [str(value) for value in values]
        self.bounded(sum(map(len, texts)) + len(separator) * len(texts))
        return separator.join(texts)


class _Guard(NodeTransformer):
    """Refuses what is not allowed, and has loops and `~` counted."""

    def visit(self, node: nodes.Node, *arguments: Any, **named: Any) -> Any:
        """One node with all below it."""
        word = _FORBIDDEN.get(type(node))
        if word is not None:
            raise TemplateSyntaxError(f"'{word}' is not allowed in a prompt", node.lineno)
        return super().visit(node, *arguments, **named)

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802  # Jinja's name for it
        """A loop."""
        if node.recursive:
            raise TemplateSyntaxError("'recursive' is not allowed in a prompt", node.lineno)
        self.generic_visit(node)
        node.body.insert(0, nodes.Output([_own("step", [], node.lineno)], lineno=node.lineno))
        return node

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802  # as above
        """A call."""
        if not (isinstance(node.node, nodes.Name) and node.node.name == "range"):
            raise TemplateSyntaxError("nothing can be called but range(…); use a filter, as in x|upper", node.lineno)
        self.generic_visit(node)
        return node

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:  # noqa: N802  # as above
        """An attribute; the sandbox would find it out as well, but only when the template is filled."""
        if node.attr.startswith("_"):
            raise TemplateSyntaxError(f"'{node.attr}' is not allowed in a prompt", node.lineno)
        self.generic_visit(node)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802  # as above
        """Texts joined by `~`."""
        self.generic_visit(node)
        return _own("together", node.nodes, node.lineno)


def _own(method: str, arguments: list[nodes.Expr], line: int) -> nodes.Call:
    """A call of the environment's own method, which no template can write."""
    return nodes.Call(nodes.EnvironmentAttribute(method), arguments, [], None, None, lineno=line)


def _check_number(bits: int) -> None:
    if bits > _NUMBER_BITS:
        raise TooMuchError(f"a number of more than {_NUMBER_BITS} bits")


def _there(value: Any) -> Any:
    """The value; a variable that is missing says so, whatever a filter would do with it."""
    if isinstance(value, StrictUndefined):
        str(value)
    return value


def _items(values: Any) -> Any:
    if not isinstance(values, list | range):
        raise TypeError("it is no list")
    return values


def _sorted(values: Any) -> list[Any]:
    return sorted(_items(_there(values)))


def _unique(values: Any) -> list[Any]:
    return list(dict.fromkeys(_items(_there(values))))


def _json(value: Any) -> str:
    """A value as JSON; Jinja's own filter writes it for HTML, with `<` as an escape."""
    return orjson.dumps(_there(value)).decode()


_ENVIRONMENT = _Environment()
