"""Listeners that clean what Robot, its console and other listeners show: no secret, and nothing that breaks a file.

`TraceabilityListener` brings them, so that no run can lack them. One acts before all other listeners, Allure's
included; the other after them, because they too write into a result.

Robot writes names, and its debug file also arguments, before it asks any listener; a logger of Robot cleans those.
Names of suites come from their files.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Self, TextIO

from robot.api.types import Secret
from robot.libraries.BuiltIn import BuiltIn
from robot.result import model

from keywords.engine.evidence.folders import work_of_suite
from keywords.engine.redaction.files import redact_files
from keywords.engine.redaction.secrets import REDACTED, SECRETS
from keywords.hooks.robot_settings import FirstLogger
from keywords.run.output_folder import made_here, output_dir
from keywords.run.shared_run import current_part

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from robot import result, running
    from robot.output import Message

BEFORE_ALL, AFTER_ALL = 1000, -1000
HTML = "*HTML*"
_MARK, _HTML_MARK = REDACTED.decode(), "&lt;secret&gt;"
_NOT_CLEANED = "(This text could not be cleaned, so it is not shown.)"
_ATTRIBUTES: dict[type, tuple[str, ...]] = {
    model.Keyword: ("name", "doc", "args", "assign", "tags"),
    model.For: ("values",),
    model.ForIteration: ("assign",),
    model.While: ("condition",),
    model.IfBranch: ("condition",),
    model.TryBranch: ("patterns",),
    model.Group: ("name",),
    model.Var: ("value",),
    model.Return: ("values",),
    model.Error: ("values",),
}
"""Attributes with texts of keywords and control structures; these have more, deprecated ones, made of their own."""


class CleaningListener:
    """Cleans messages, arguments, documentation, tags and metadata before all other listeners see them."""

    ROBOT_LISTENER_API_VERSION = 3
    ROBOT_LISTENER_PRIORITY = BEFORE_ALL

    def __init__(self) -> None:
        self._streams: tuple[TextIO | None, TextIO | None] | None = None
        self._beginnings = FirstLogger(_clean_name, _clean_item)

    def start_suite(self, data: running.TestSuite, result: result.TestSuite) -> None:
        """Learn the secrets that the suite was given; at first also those of the environment and of `-v`."""
        variables = BuiltIn().get_variables(no_decoration=True)
        if _is_outermost(data):
            SECRETS.protect_environment(os.environ)
            SECRETS.protect_environment({name: value for name, value in variables.items() if isinstance(value, str)})
            self._beginnings.begin()
            self._streams = sys.__stdout__, sys.__stderr__
            # `Log To Console` writes here without asking a listener.
            sys.__stdout__, sys.__stderr__ = map(_cleaned_stream, self._streams)  # type: ignore[assignment,misc]
        for value in variables.values():
            if isinstance(value, Secret):
                SECRETS.protect(value.value)
            elif isinstance(value, str) and "://" in value:
                SECRETS.protect_address(value)
        _clean_documented(result)

    def start_test(self, data: running.TestCase, result: result.TestCase) -> None:  # noqa: ARG002  # Robot's signature
        """Clean what a listener sees of a row that begins."""
        _clean_documented(result)

    def end_body_item(self, data: object, result: Any) -> None:  # noqa: ARG002
        """Clean what Robot writes about a keyword or a control structure."""
        _clean_item(result)

    def end_test(self, data: running.TestCase, result: result.TestCase) -> None:  # noqa: ARG002
        """Clean what Robot writes about a row."""
        _clean_documented(result)

    def end_suite(self, data: running.TestSuite, result: result.TestSuite) -> None:
        """Clean what Robot writes about a suite."""
        _clean_documented(result)
        if _is_outermost(data) and self._streams:
            self._beginnings.end()
            sys.__stdout__, sys.__stderr__ = self._streams  # type: ignore[assignment,misc]
            self._streams = None

    def log_message(self, message: Message) -> None:
        """Clean a message of a keyword."""
        _clean_message(message)

    def message(self, message: Message) -> None:
        """Clean a message of Robot itself, such as an error on the console."""
        _clean_message(message)


class LateCleaningListener:
    """Cleans what other listeners have written into results, before Robot writes these."""

    ROBOT_LISTENER_API_VERSION = 3
    ROBOT_LISTENER_PRIORITY = AFTER_ALL

    def end_test(self, data: running.TestCase, result: result.TestCase) -> None:  # noqa: ARG002
        """Clean what Robot writes about a row."""
        _clean_documented(result)

    def end_suite(self, data: running.TestSuite, result: result.TestSuite) -> None:
        """Clean what Robot writes about a suite; at last also the workings, whose gateways have ended."""
        _clean_documented(result)
        if _is_outermost(data):
            redact_files(_workings(data), SECRETS)


def _workings(suite: running.TestSuite) -> Iterator[Path]:
    """The files that a suite, the suites in it and their rows worked with; a run within the run cleans its own."""
    folder = work_of_suite(output_dir(), suite.full_name)
    # Of several processes that share a run, another may be writing into the folder of a suite without rows of its own.
    chosen = made_here() if current_part() and not suite.tests else None
    files = (path for pattern in ("*", "*/*") for path in folder.glob(pattern) if path.is_file())
    yield from (path for path in files if chosen is None or path in chosen)
    for child in suite.suites:
        yield from _workings(child)


class ShownAs(str):  # noqa: SLOT000  # a str has no room for slots
    """A message that is shown cleaned, and equals the one that it was cleaned from.

    Robot compares a keyword's message before and after its listeners. If a listener changed it, Robot raises a plain
    failure instead of the keyword's own, and forgets that this one was fatal, or a timeout.
    """

    _original: str

    def __new__(cls, shown: str, original: str) -> Self:
        """Make the text that is shown."""
        text = super().__new__(cls, shown)
        text._original = original
        return text

    def __eq__(self, other: object) -> bool:
        """Whether the other is the original."""
        return self._original == other

    def __ne__(self, other: object) -> bool:
        """Whether the other is not the original."""
        return self._original != other

    def __hash__(self) -> int:
        """The hash of the original."""
        return hash(self._original)


def _is_outermost(suite: running.TestSuite) -> bool:
    """Whether no suite above hears of the run; a run of several paths has a root that no file stands for."""
    return not suite.parent or not (suite.parent.source or suite.parent.parent)


class CleanedStream:
    """A console that shows cleaned texts."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text without secrets and control characters."""
        return self._stream.write(_cleaned(text))

    def __getattr__(self, name: str) -> Any:
        """Everything else is the console's own."""
        return getattr(self._stream, name)


def _cleaned_stream(stream: TextIO | None) -> CleanedStream | None:
    return CleanedStream(stream) if stream else None


def _cleaned(text: str, *, html: bool = False) -> str:
    """The text without secrets and printable; a text that cannot be cleaned is not shown."""
    try:
        return SECRETS.clean(text, _HTML_MARK if html or text.startswith(HTML) else _MARK)
    except Exception:  # noqa: BLE001  # Robot would go on and write the text as it is
        return _NOT_CLEANED


def _clean_message(message: Message) -> None:
    text = message.message
    if text is None:
        return
    # Until it is cleaned: a timeout that strikes meanwhile must not let the text through.
    message.message = _NOT_CLEANED
    message.message = _cleaned(text, html=message.html)


def _clean_documented(result: result.TestCase | result.TestSuite) -> None:
    """Clean a test or a suite."""
    result.doc = _cleaned(result.doc)
    result.message = _cleaned(result.message)
    for name in [name for name in result.metadata if _cleaned(name) != name]:
        result.metadata[_cleaned(name)] = result.metadata.pop(name)
    if cleaned := _changes(result.metadata):
        result.metadata.update(cleaned)
    tags = [str(tag) for tag in getattr(result, "tags", ())]
    if tags != [_cleaned(tag) for tag in tags]:
        result.tags = [_cleaned(tag) for tag in tags]


def _clean_name(row: result.TestCase) -> None:
    if (cleaned := _cleaned(row.name)) != row.name:
        row.name = cleaned


def _changes(texts: Mapping[str, str]) -> dict[str, str]:
    return {name: cleaned for name, text in texts.items() if (cleaned := _cleaned(str(text))) != text}


def _clean_item(item: Any) -> None:
    """Clean a keyword or a control structure; each has some of these attributes."""
    for attribute in _ATTRIBUTES.get(type(item), ()):
        value = getattr(item, attribute)
        if isinstance(value, str):
            if (cleaned := _cleaned(value)) != value:
                setattr(item, attribute, cleaned)
        elif value:
            _clean_list(item, attribute, value)
    message = getattr(item, "message", "")
    if message and type(message) is str and (shown := _cleaned(message)) != message:
        item.message = ShownAs(shown, message)


def _clean_list(item: Any, attribute: str, values: Any) -> None:
    if hasattr(values, "items"):
        values.update(_changes(values))
        return
    texts = [str(value) for value in values]
    cleaned = [_cleaned(text) for text in texts]
    if cleaned != texts:
        setattr(item, attribute, cleaned)
