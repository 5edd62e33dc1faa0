"""Exit codes and outputs of commands that a row ran."""

from __future__ import annotations

from typing import Literal

from assertionengine import AssertionOperator
from robot.api.deco import keyword, library

from keywords.engine.processes.gateway_command import CommandResult
from keywords.run.assertions import verify
from keywords.run.robot_process import ChildRun

Stream = Literal["stdout", "stderr"]
_SHOWN = 400


@library(scope="GLOBAL", doc_format="MARKDOWN")
class CommandOutputLibrary:
    """Verify what a command printed and how it ended."""

    @keyword
    def get_exit_code(
        self,
        command: CommandResult | ChildRun,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """The exit code of a command that has ended; a failed comparison also shows what it printed last.

        ```robotframework
        ${check} =    Run Gateway Command    config    check
        Get Exit Code    ${check}    ==    0
        ```
        """
        printed = (command.stderr.strip() or command.stdout.strip())[-_SHOWN:] or "nothing"
        return verify(
            command.rc, assertion_operator, assertion_expected, "The exit code", message, f"it printed: {printed}"
        )

    @keyword
    def get_output(
        self,
        command: CommandResult | ChildRun,
        stream: Stream,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
    ) -> str:
        """What a command printed to its standard output or its standard error.

        Args:
            command: from `Run Gateway Command` or `Run Child`.
            stream: `stdout` or `stderr`.
            assertion_operator: how to compare.
            assertion_expected: a text, or with `matches` a regular expression.
            message: replaces the usual message.

        ```robotframework
        ${check} =    Run Gateway Command    config    check
        Get Output    ${check}    stderr    not contains    Traceback
        ```
        """
        return verify(
            _printed(command, stream), assertion_operator, assertion_expected, f"The command's {stream}", message
        )

    @keyword
    def get_count_in_output(
        self,
        command: CommandResult | ChildRun,
        stream: Stream,
        text: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """How many times a text stands in what a command printed.

        ```robotframework
        ${child} =    Run Child    failing.robot
        Get Count In Output    ${child}    stdout    No server answers    ==    1
        ```
        """
        label = f"How often {text!r} stands in the command's {stream}"
        return verify(_printed(command, stream).count(text), assertion_operator, assertion_expected, label, message)


def _printed(command: CommandResult | ChildRun, stream: Stream) -> str:
    return command.stdout if stream == "stdout" else command.stderr
