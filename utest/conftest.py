"""What every test may take for granted of the process it runs in."""

import signal

import pytest

# A failed `assert` of the modules that tests share shows its values too.
pytest.register_assert_rewrite("utest.gateway")


def pytest_configure():
    """Let Ctrl-C reach the programs that tests start: jobs in the background ignore it, and hand that on."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
