"""What every test may take for granted of the process it runs in."""

import gc
import os
import signal
from contextlib import contextmanager
from pathlib import Path

import pytest

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

# Locks: who runs next, and who runs.
NEXT, RUNNING = Path(__file__), Path(__file__).parents[1] / "pyproject.toml"

# A failed `assert` of the modules that tests share shows its values too.
pytest.register_assert_rewrite("utest.gateway")


def pytest_configure():
    """Let Ctrl-C reach the programs that tests start: jobs in the background ignore it, and hand that on."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # What is imported stays: looking through it for garbage takes a sixth of the time of the imports.
    gc.disable()


def pytest_collection_finish():
    """Collect garbage from now on, that of the tests alone."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items):
    """Run last what keeps the tests of other processes waiting."""
    items.sort(key=needs_quiet_machine)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """Where pytest-xdist runs tests side by side, run one that measures times while no other runs."""
    if fcntl is None or "PYTEST_XDIST_WORKER" not in os.environ:
        return (yield)
    with turn(alone=needs_quiet_machine(item)):
        return (yield)


def needs_quiet_machine(item):
    return item.get_closest_marker("quiet_machine") is not None


@contextmanager
def turn(*, alone):
    """Hold the lock of those that run: together with the tests of other processes, or alone."""
    with NEXT.open() as next_one, RUNNING.open() as running:
        # A test that waits to be alone is the next one, so that no later test goes before it.
        fcntl.flock(next_one, fcntl.LOCK_EX)
        fcntl.flock(running, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(next_one, fcntl.LOCK_UN)
        yield
