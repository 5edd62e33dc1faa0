"""YAML that remembers the line of each field, so that a message can name it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


_MOST_VALUES = 1_000_000


class YamlError(ValueError):
    """A text is no usable YAML.

    Attributes:
        line: where, from 1.
    """

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line


class YamlText:
    """A parsed YAML text: its plain data, and the lines they come from.

    Raises:
        YamlError: it is no YAML, or writes a field twice.
    """

    def __init__(self, text: str) -> None:
        try:
            loader = yaml.SafeLoader(text)
        except yaml.YAMLError as err:  # of a sign that YAML forbids
            raise YamlError(1, f"this is not YAML: {' '.join(str(err).split())}") from err
        try:
            root = loader.get_single_node()
            if root is None:
                raise YamlError(1, "the file is empty")
            _refuse_duplicates(root)
            _refuse_bombs(root)
            self._root: yaml.Node = root
            self.data: Any = loader.construct_document(root)
        except yaml.MarkedYAMLError as err:
            mark = err.problem_mark or err.context_mark
            problem = f"this is not YAML: {err.problem or err.context}; write texts with such signs in quotes"
            raise YamlError(mark.line + 1 if mark else 1, problem) from err
        except yaml.YAMLError as err:
            raise YamlError(1, f"this is not YAML: {' '.join(str(err).split())}") from err
        except RecursionError as err:
            raise YamlError(1, "it is nested too deeply") from err
        except ValueError as err:  # the library converts what looks like a date, without a check of its own
            if isinstance(err, YamlError):
                raise
            raise YamlError(1, f"{err}; write the value in quotes if it is a text") from err
        finally:
            loader.dispose()

    def line(self, path: Sequence[str | int]) -> int:
        """The line of a field, from 1; that of the innermost part of the path that is there.

        Args:
            path: names and places from the top; what the text does not have is passed over.
        """
        return _find(self._root, path).start_mark.line + 1

    def names(self, path: Sequence[str | int]) -> list[str | int]:
        """The parts of a path that the text has."""
        node, found = self._root, []
        for part in path:
            child = _child(node, part)
            if child is not None:
                node = child[1]
                found.append(part)
        return found


def _find(node: yaml.Node, path: Sequence[str | int]) -> yaml.Node:
    mark = node
    for part in path:
        child = _child(node, part)
        if child is not None:
            mark, node = child
    return mark


def _child(node: yaml.Node, part: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """The node that begins a field or an item, and the node of its value."""
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if str(key.value) == str(part)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None


def _refuse_duplicates(root: yaml.Node) -> None:
    """YAML would keep the last of two fields of the same name."""
    for node in _mappings(root):
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise YamlError(key.start_mark.line + 1, "a field's name is no text; write a name before the colon")
            if key.value in seen:
                raise YamlError(key.start_mark.line + 1, f"field {key.value} is written twice; remove one")
            seen.add(key.value)


def _refuse_bombs(root: yaml.Node) -> None:
    """A few lines of aliases within aliases stand for billions of values."""
    sizes: dict[int, int] = {}

    def size(node: yaml.Node) -> int:
        if id(node) not in sizes:
            sizes[id(node)] = _MOST_VALUES  # of a node within itself
            inner = node.value if isinstance(node, yaml.SequenceNode | yaml.MappingNode) else ()
            parts = [part for each in inner for part in (each if isinstance(each, tuple) else (each,))]
            sizes[id(node)] = 1 + sum(map(size, parts))
        return sizes[id(node)]

    if size(root) > _MOST_VALUES:
        raise YamlError(1, f"its aliases stand for more than {_MOST_VALUES} values; write fewer")


def _mappings(root: yaml.Node) -> Iterator[yaml.MappingNode]:
    pending, known = [root], set()
    while pending:
        node = pending.pop()
        if id(node) in known:  # an alias may name its own anchor
            continue
        known.add(id(node))
        if isinstance(node, yaml.MappingNode):
            yield node
            pending += [value for _, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            pending += node.value
