"""Exit codes and outputs of commands: a wrong code shows what the command printed."""

import pytest
from assertionengine import AssertionOperator

from keywords.engine.processes.gateway_command import CommandResult
from keywords.run.command_output import CommandOutputLibrary

EQUAL = AssertionOperator["=="]
CONTAINS = AssertionOperator["contains"]
LIBRARY = CommandOutputLibrary()
COMMAND = CommandResult(2, "listening\n", "x" * 900 + "\nno such file\n")


def test_a_wrong_exit_code_shows_the_last_words():
    assert LIBRARY.get_exit_code(COMMAND, EQUAL, 2) == 2
    with pytest.raises(AssertionError, match=r"^The exit code should be 0, got 2; it printed: x+\nno such file$"):
        LIBRARY.get_exit_code(COMMAND, EQUAL, 0)
    with pytest.raises(AssertionError, match="it printed: nothing"):
        LIBRARY.get_exit_code(CommandResult(2, "", ""), EQUAL, 0)


def test_an_output_is_named():
    assert LIBRARY.get_output(COMMAND, "stdout", CONTAINS, "listening")
    with pytest.raises(AssertionError, match=r"^The command's stdout should contain 'ready', got 'listening\\n'$"):
        LIBRARY.get_output(COMMAND, "stdout", CONTAINS, "ready")


def test_a_text_is_counted_in_an_output():
    assert LIBRARY.get_count_in_output(COMMAND, "stderr", "such", EQUAL, 1) == 1
    with pytest.raises(AssertionError, match=r"^How often 'x' stands in the command's stderr should be 1, got 900"):
        LIBRARY.get_count_in_output(COMMAND, "stderr", "x", EQUAL, 1)
