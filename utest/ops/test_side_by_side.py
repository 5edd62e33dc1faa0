"""`python -m ops.side_by_side`: commands at the same time, the output of each in one piece."""

import shlex
import subprocess
import sys

MEET = """
import sys, time
from pathlib import Path
mine, other = map(Path, sys.argv[1:])
mine.touch()
for _ in range(600):
    if other.exists():
        break
    time.sleep(0.05)
else:
    sys.exit("the other one does not run")
print(mine.name)
"""


def python(code, *arguments):
    return shlex.join([sys.executable, "-c", code, *map(str, arguments)])


def side_by_side(*commands):
    return subprocess.run(
        [sys.executable, "-m", "ops.side_by_side", *commands],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def test_commands_run_at_the_same_time(tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    process = side_by_side(python(MEET, a, b), python(MEET, b, a))
    assert process.returncode == 0, process.stdout + process.stderr
    assert {"a", "b"} <= set(process.stdout.splitlines())


def test_the_output_of_each_stays_whole_and_names_its_command():
    lines = "import time\nfor number in range(3):\n    print('{}', number, flush=True)\n    time.sleep(0.1)"
    process = side_by_side(*(python(lines.format(name)) for name in ("one", "two")))
    assert process.returncode == 0
    said = [line for line in process.stdout.splitlines() if line[:4] in {"one ", "two "}]
    assert said in ([f"{first} {n}" for first in order for n in range(3)] for order in (("one", "two"), ("two", "one")))


def test_one_that_fails_is_named_last_and_the_others_still_run():
    good, bad = python("print('good')"), python("import sys; print('why', file=sys.stderr); sys.exit(3)")
    process = side_by_side(bad, good)
    assert process.returncode == 1
    lines = process.stdout.splitlines()
    assert {"good", "why"} <= set(lines)
    assert lines[-1] == f"failed with exit code 3: {bad}"


def test_a_program_that_is_not_there_fails():
    process = side_by_side("no-such-program --at-all")
    assert process.returncode == 1
    assert process.stdout.splitlines()[-1] == "failed, as there is no such program: no-such-program --at-all"
