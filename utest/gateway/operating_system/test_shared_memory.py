"""Memory of several processes, where the system offers files in memory and where it does not."""

import mmap
import os
import subprocess
import sys

import pytest

from gateway.operating_system.shared_memory import open_memory


@pytest.mark.skipif(sys.platform == "win32", reason="there no process inherits descriptors by their numbers")
@pytest.mark.parametrize("has_memfd", [True, False])
def test_a_child_writes_where_its_parent_reads(monkeypatch, has_memfd):
    if not has_memfd:
        monkeypatch.delattr(os, "memfd_create", raising=False)
    descriptor = open_memory("test", 4096)
    try:
        memory = mmap.mmap(descriptor, 0)
        assert bytes(memory) == bytes(4096)
        code = f"import mmap; mmap.mmap({descriptor}, 0)[:5] = b'hello'"
        subprocess.run([sys.executable, "-c", code], pass_fds=[descriptor], check=True)
        assert memory[:5] == b"hello"
        memory.close()
    finally:
        os.close(descriptor)
