"""What the tests of a running embedded backend share."""

import os
from contextlib import asynccontextmanager
from pathlib import Path


@asynccontextmanager
async def running(backend):
    await backend.start()
    try:
        yield backend
    finally:
        await backend.stop()


def events(caplog, name):
    """The fields of the log's events of that name."""
    return [record.fields for record in caplog.records if getattr(record, "fields", {}).get("event") == name]


def is_gone(pid):
    """Whether the process has ended; on Linux a zombie that nobody has collected yet has ended too."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z"
