"""Ctrl-C ends the command without a traceback, however early it comes."""

import subprocess
import sys

EARLY = """
import sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupting())
from keywords.qa.start import main
main()
"""


def run(*arguments):
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)


def test_ctrl_c_while_modules_are_imported():
    done = run("-c", EARLY)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_the_command_starts():
    done = run("-m", "keywords.qa.start", "--help")
    assert done.returncode == 0
    assert "load" in done.stdout
