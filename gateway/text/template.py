"""Prompt templates in a sandboxed and bounded subset of Jinja.

No macros, blocks or includes, no calls but `range(…)`, and only filters that do not make a text much longer. Loop
iterations, time and size are limited.
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
"""The longest text of a filled template, and the longest variable, in characters."""
STEPS_LIMIT = 10_000
"""The most loop iterations in all, and the most items of a list."""
TIME_LIMIT_S = 0.1
"""The longest time to fill a template; all other requests wait meanwhile."""
_NUMBER_BITS = 4096
_FILTERS = """
    capitalize count d default first float int last length lower reverse string title trim truncate upper wordcount
""".split()  # noqa: SIM905  # easier to read
# What Jinja's filters and operators raise for values that they cannot take; `truncate` asserts.
_UNFIT = (
    TemplateError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    TypeError,
    ValueError,
    LookupError,
    RecursionError,
)
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
    """The text of the template cannot be used; the message gives the reason, and after a semicolon the remedy."""


class MissingVariableError(UndefinedError):
    """The template uses a variable that has no value.

    Attributes:
        name: name of the variable.
    """

    def __init__(self, name: str, message: str | None = None) -> None:
        super().__init__(message)
        self.name = name


class TemplateLimitError(Exception):
    """The template exceeds a limit; the message names it."""


class UnfitVariablesError(Exception):
    """The template cannot be filled with these variables; the message gives the reason."""


class SafeTemplate:
    """A compiled prompt template.

    Args:
        source: the text of the template.

    Attributes:
        variables: names of its variables.

    Raises:
        BadTemplateError: the text is not a template, too long, or uses a forbidden construct.
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
        """Fill the template.

        Args:
            variables: strings, numbers, booleans, and lists of these; they are data and never evaluated.

        Raises:
            MissingVariableError: a variable has no value.
            TemplateLimitError: a limit is exceeded.
            UnfitVariablesError: the template cannot be filled with these variables.
        """
        _ENVIRONMENT.reset()
        pieces, length = [], 0
        try:
            for piece in self._template.generate(variables):
                length += _ENVIRONMENT.check_length(len(piece), length)
                pieces.append(piece)
        except (MissingVariableError, TemplateLimitError):
            raise
        except _UNFIT as error:
            raise UnfitVariablesError(str(error) or type(error).__name__) from error
        return "".join(pieces)


class _Missing(StrictUndefined):
    """A missing variable, which raises `MissingVariableError` as soon as it is used."""

    __slots__ = ()

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        if self._undefined_obj is missing:
            self._undefined_exception = cast(
                "type[UndefinedError]", partial(MissingVariableError, self._undefined_name or "")
            )


class _Environment(ImmutableSandboxedEnvironment):
    """Compiles templates and enforces their limits; the counters serve the one template that is being filled."""

    intercepted_binops = frozenset({"+", "*", "%"})

    def __init__(self) -> None:
        super().__init__(undefined=_Missing, trim_blocks=True, lstrip_blocks=True)
        self.filters = {name: self.filters[name] for name in _FILTERS}
        self.filters |= {"join": self._join, "tojson": _json, "sort": _sorted, "unique": _unique}
        self.globals = {"range": self._range}
        self._steps = 0
        self._deadline = 0.0

    def reset(self) -> None:
        """Reset the limits before a template is filled."""
        self._steps = STEPS_LIMIT
        self._deadline = time.monotonic() + TIME_LIMIT_S

    def step(self) -> str:
        """Count one loop iteration; a call of this starts the body of every loop."""
        self._steps -= 1
        if self._steps < 0:
            raise TemplateLimitError(f"more than {STEPS_LIMIT} rounds of its loops")
        if time.monotonic() > self._deadline:
            raise TemplateLimitError(f"over {TIME_LIMIT_S:g} s of work")
        return ""

    def check_length(self, length: int, before: int = 0) -> int:
        """Return `length`, unless the text would exceed the limit with the characters before it."""
        if before + length > TEXT_LIMIT:
            raise TemplateLimitError(f"more than {TEXT_LIMIT} characters")
        return length

    def concatenate(self, *values: Any) -> str:
        """The result of `~`."""
        texts = [str(value) for value in values]
        self.check_length(sum(map(len, texts)))
        return "".join(texts)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Evaluate `+`, `*` and `%` with limits on the result."""
        if operator == "%" and isinstance(left, str):
            raise TypeError("% is for numbers only")
        if operator == "+" and isinstance(left, str | list) and isinstance(right, str | list):
            self.check_length(len(left) + len(right))
        if operator == "*":
            for sequence, times in ((left, right), (right, left)):
                if isinstance(sequence, str | list) and isinstance(times, int):
                    self.check_length(len(sequence) * max(times, 0))
            if isinstance(left, int) and isinstance(right, int):
                _check_number(left.bit_length() + right.bit_length())
        return super().call_binop(context, operator, left, right)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        return cast("nodes.Template", _Guard().visit(tree))

    def _range(self, *bounds: int) -> range:
        numbers = range(*bounds)
        if numbers[STEPS_LIMIT : STEPS_LIMIT + 1]:
            raise TemplateLimitError(f"more than {STEPS_LIMIT} rounds of its loops")
        return numbers

    def _join(self, values: Iterable[Any], separator: str = "") -> str:
        texts = [str(value) for value in values]
        self.check_length(sum(map(len, texts)) + len(separator) * len(texts))
        return separator.join(texts)


class _Guard(NodeTransformer):
    """Refuses forbidden nodes, and instruments loops and `~`."""

    def visit(self, node: nodes.Node, *arguments: Any, **named: Any) -> Any:
        """Refuse a forbidden node."""
        construct = _FORBIDDEN.get(type(node))
        if construct is not None:
            raise TemplateSyntaxError(f"'{construct}' is not allowed in a prompt", node.lineno)
        return super().visit(node, *arguments, **named)

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802  # Jinja's name
        """Count the iterations of a loop."""
        if node.recursive:
            raise TemplateSyntaxError("'recursive' is not allowed in a prompt", node.lineno)
        self.generic_visit(node)
        node.body.insert(0, nodes.Output([_environment_call("step", [], node.lineno)], lineno=node.lineno))
        return node

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802  # Jinja's name
        """Allow `range(…)` only."""
        if not (isinstance(node.node, nodes.Name) and node.node.name == "range"):
            raise TemplateSyntaxError("nothing can be called but range(…); use a filter, as in x|upper", node.lineno)
        self.generic_visit(node)
        return node

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:  # noqa: N802  # Jinja's name
        """Refuse a private attribute at once; Jinja's sandbox refuses it only when the template is filled."""
        if node.attr.startswith("_"):
            raise TemplateSyntaxError(f"'{node.attr}' is not allowed in a prompt", node.lineno)
        self.generic_visit(node)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802  # Jinja's name
        """Limit the result of `~`."""
        self.generic_visit(node)
        return _environment_call("concatenate", node.nodes, node.lineno)


def _environment_call(method: str, arguments: list[nodes.Expr], line: int) -> nodes.Call:
    """A call of a method of the environment, which no template can write itself."""
    return nodes.Call(nodes.EnvironmentAttribute(method), arguments, [], None, None, lineno=line)


def _check_number(bits: int) -> None:
    if bits > _NUMBER_BITS:
        raise TemplateLimitError(f"a number of more than {_NUMBER_BITS} bits")


def _defined(value: Any) -> Any:
    """Return the value; raises `MissingVariableError` for a missing variable."""
    if isinstance(value, StrictUndefined):
        str(value)
    return value


def _items(values: Any) -> Any:
    if not isinstance(values, list | range):
        raise TypeError("it is no list")
    return values


def _sorted(values: Any) -> list[Any]:
    return sorted(_items(_defined(values)))


def _unique(values: Any) -> list[Any]:
    return list(dict.fromkeys(_items(_defined(values))))


def _json(value: Any) -> str:
    """Serialise a value; Jinja's own filter escapes `<` for HTML."""
    return orjson.dumps(_defined(value)).decode()


_ENVIRONMENT = _Environment()
