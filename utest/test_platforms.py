"""What not every operating system has is used in a few modules, and every module can be imported on each of them."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = next(folder for folder in Path(__file__).parents if (folder / "pyproject.toml").is_file())
FILES = sorted(path for package in ("gateway", "keywords", "ops") for path in ROOT.glob(f"{package}/**/*.py"))
PLACES = {
    "gateway/operating_system/shared_memory.py": {"os.memfd_create"},
    "gateway/operating_system/file_locks.py": {"fcntl"},
    "gateway/operating_system/processes.py": {"os.kill", "/proc/"},
    "gateway/operating_system/descriptors.py": {"resource"},
    "gateway/operating_system/cpus.py": {"os.sched_getaffinity", "/sys/"},
    "gateway/limits/shared_slots.py": {"os.set_blocking", "add_reader"},
    "gateway/server/listen.py": {"signal.SIGHUP", "signal.SIGBREAK"},
    "gateway/server/worker.py": {"os.kill"},
    "gateway/server/workers.py": {"signal.SIGHUP", "signal.SIGKILL", "add_signal_handler", "pass_fds"},
    "keywords/engine/cores.py": {"os.sched_setaffinity"},
    "keywords/engine/defects/__main__.py": {"add_signal_handler"},
    "keywords/engine/gpu/nvml.py": {"ctypes"},
    "keywords/engine/load/open_files.py": {"resource"},
    "keywords/engine/load/timer.py": {"add_reader", "ctypes"},
    "keywords/engine/processes/tree.py": {"os.getsid"},
    "keywords/engine/warm_start/interpreter.py": {
        *("os.fork", "os.kill", "os.set_blocking", "os.setsid", "os.waitpid", "os.WNOHANG"),
        *("signal.SIGCHLD", "signal.SIGKILL"),
    },
    "keywords/engine/scripted/listener.py": {"add_reader"},
    "keywords/traceability/allure/environment.py": {"/proc/"},
    "ops/bench/pinning.py": {"taskset"},
    "ops/bench/scale/report.py": {"resource"},
}
"""The modules that may use such names, and which; their docstrings say what happens on each system."""
INSTEAD = {
    "gateway": "gateway/operating_system/",
    "keywords": "psutil, keywords/engine/cores.py or keywords/engine/processes/",
    "ops": "psutil or ops/bench/pinning.py",
}
MODULES = {"fcntl", "grp", "msvcrt", "pty", "pwd", "resource", "termios", "tty", "winreg", "ctypes"}
OF_OS = {
    *("fork", "forkpty", "kill", "killpg", "register_at_fork", "wait", "wait4", "waitpid", "WNOHANG"),
    *("getgid", "getpgid", "getpgrp", "getsid", "getuid", "geteuid", "setpgid", "setsid"),
    *("getloadavg", "sched_getaffinity", "sched_setaffinity", "sched_yield", "uname"),
    *("memfd_create", "mkfifo", "set_blocking", "setns", "unshare", "startfile"),
}
OF_SIGNAL = {
    *("SIGALRM", "SIGBREAK", "SIGCHLD", "SIGCONT", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGSTOP", "SIGUSR1"),
    *("SIGUSR2", "CTRL_C_EVENT", "CTRL_BREAK_EVENT", "alarm", "setitimer", "pthread_sigmask", "pthread_kill"),
}
QUALIFIED = {*(f"os.{name}" for name in OF_OS), *(f"signal.{name}" for name in OF_SIGNAL)}
METHODS = {"add_reader", "add_writer", "add_signal_handler", "create_unix_server", "create_unix_connection"}
ARGUMENTS = {"pass_fds", "preexec_fn"}
PATHS = ("/proc/", "/sys/")
PROGRAMS = {"taskset", "ldconfig", "nsenter", "prctl", "setsid", "unshare", "cgexec"}


def uses(source):
    """The names in a module that not every system has."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute():
                found |= {ast.unparse(node)} & QUALIFIED | {node.attr} & METHODS
            case ast.Import():
                found |= {alias.name for alias in node.names} & MODULES
            case ast.ImportFrom(module=str(module)):
                found |= {module} & MODULES | {f"{module}.{alias.name}" for alias in node.names} & QUALIFIED
            case ast.keyword(arg=str(name)):
                found |= {name} & ARGUMENTS
            case ast.Constant(value=str(text)):
                found |= {text} & PROGRAMS | {path for path in PATHS if text.startswith(path)}
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_only_the_named_modules_need_a_particular_system(path):
    name = path.relative_to(ROOT).as_posix()
    refused = uses(path.read_text("utf-8")) - PLACES.get(name, set())
    where = INSTEAD[name.partition("/")[0]]
    assert not refused, f"{name}: not every system has {', '.join(sorted(refused))}; use {where}, or add it to PLACES"


@pytest.mark.parametrize("name", PLACES)
def test_a_named_module_uses_what_it_may_and_says_what_happens_where(name):
    source = (ROOT / name).read_text("utf-8")
    assert PLACES[name] <= uses(source), "delete the rest from PLACES"
    docstring = ast.get_docstring(ast.parse(source))
    assert [system for system in ("Linux", "macOS", "Windows") if system not in docstring] == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import os\nos.kill(1, 0)", {"os.kill"}),
        ("from os import fork", {"os.fork"}),
        ("import fcntl", {"fcntl"}),
        ("signal.signal(signal.SIGHUP, reload)", {"signal.SIGHUP"}),
        ("self._loop.add_reader(0, read)", {"add_reader"}),
        ("Popen(command, pass_fds=[3])", {"pass_fds"}),
        ("Path(f'/proc/{pid}/stat')", {"/proc/"}),
        ("['taskset', '-c', '0']", {"taskset"}),
        ("process.kill()\nos.getpid()\nsignal.SIGTERM\nx = '/v1/proc/'", set()),
    ],
)
def test_such_names_are_found(source, found):
    assert uses(source) == found


# Modules of the standard library and of others are imported for the system that runs this; only ours see another one.
IMPORT_ALL = """
import contextlib, importlib, json, os, signal, sys
platform, attributes, modules, *names = json.load(sys.stdin)
for name in names:
    importlib.import_module(name)
for name in names:
    del sys.modules[name]
sys.platform = platform
for name in attributes:
    module, attribute = name.split(".")
    with contextlib.suppress(AttributeError):
        delattr(sys.modules[module], attribute)
sys.modules.update(dict.fromkeys(modules))
failed = {}
for name in names:
    try:
        importlib.import_module(name)
    except Exception as error:
        failed[name] = repr(error)
json.dump(failed, sys.stdout)
"""
REFUSE_IMPORT = {
    "darwin": set(),
    "win32": {
        *("gateway.server.workers", "gateway.server.http_protocol", "gateway.server.answer", "gateway.server.refusal"),
        "keywords.engine.warm_start.interpreter",
    },
}
"""Each is imported only where the system has what it needs."""
OF_LOCUST = {f"keywords.engine.load.locust.{name}" for name in ("client", "locustfile", "worker")}
"""Only Locust's processes import these: gevent replaces the sockets of a process that does."""
ABSENT_NAMES = {
    "darwin": ["os.memfd_create", "os.sched_getaffinity", "os.sched_setaffinity", "os.setns", "os.unshare"],
    # `os.kill` exists there; the standard library of this system needs `os.waitpid` meanwhile.
    "win32": sorted(QUALIFIED - {"os.kill", "os.waitpid"}),
}
ABSENT_MODULES = {
    "darwin": [],
    "win32": ["fcntl", "grp", "pty", "pwd", "resource", "termios", "uvloop", "uvicorn.protocols.http.httptools_impl"],
}


@pytest.mark.skipif(sys.platform == "win32", reason="it cannot import what is to fail there")
@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_all_modules_can_be_imported_elsewhere_but_those_that_say_so(platform):
    paths = [path.relative_to(ROOT).with_suffix("") for path in FILES]
    modules = [".".join(path.parts) for path in paths if path.name not in {"__init__", "__main__"}]
    # The programs of `ops` run on Linux and macOS only, some of them as scripts.
    modules = [name for name in modules if not name.startswith("ops.") and name not in OF_LOCUST]
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL],
        input=json.dumps([platform, ABSENT_NAMES[platform], ABSENT_MODULES[platform], *modules]),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    failed = json.loads(done.stdout)
    assert {name: failed[name] for name in failed.keys() - REFUSE_IMPORT[platform]} == {}
    assert REFUSE_IMPORT[platform] <= failed.keys()
