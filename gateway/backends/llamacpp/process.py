"""The child process of the embedded backend, seen from its parent."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from gateway.backends.llamacpp.config import LlamaCppConfig

CHILD = Path(__file__).with_name("child.py")
LOAD_LIMIT_S = 300.0
POLITE_S = 1.5
_KEPT = 16_384  # bytes of standard error; a failed load writes about one thousand
_LOAD_ERROR = re.compile(rb"^\S+ E +(.+)$", re.MULTILINE)
_ABORT = re.compile(rb"^.*(GGML_ASSERT.+)$", re.MULTILINE)


class LlamaCppProcess:
    """One run of `child.py`.

    What the child writes to standard error is only kept, to find the cause of its death in it: llama.cpp may repeat
    parts of a request there, and prompts have no place in a log.

    Attributes:
        pid: process id.
    """

    def __init__(self, process: Process) -> None:
        self.pid = process.pid
        self._process = process
        self._loaded = False
        self._killed_for = ""
        self._stderr = bytearray()
        self._reader = asyncio.create_task(self._keep_stderr())

    @classmethod
    async def start(cls, weights: Path, alias: str, config: LlamaCppConfig) -> Self:
        """Start the child; it loads `weights` while this returns.

        Raises:
            OSError: no process could be made.
        """
        # -P: the child is run by its path, and its directory is no place to import from.
        command = [sys.executable, "-P", str(CHILD), f"--model={weights}", f"--alias={alias}"]
        command += [f"--context-tokens={config.context_tokens}", f"--slots={config.slots}"]
        if config.cache_prompt:
            command.append("--cache-prompt")
        if config.embeddings is not None:
            command.append(f"--embeddings={config.embeddings}")
        # Standard input is the lifeline: the child ends when this process does and the pipe closes.
        return cls(await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=PIPE))

    async def address(self) -> str | None:
        """Wait for the model to be loaded: the base URL, or None if the child ended or takes over `LOAD_LIMIT_S`."""
        assert self._process.stdout is not None  # noqa: S101  it was asked for in `start`
        try:
            async with asyncio.timeout(LOAD_LIMIT_S):
                line = await self._process.stdout.readline()
        except TimeoutError:
            self._stderr += b"\n0 E the model was not loaded within %d s" % LOAD_LIMIT_S
            return None
        if not line:
            return None
        self._loaded = True
        return str(json.loads(line)["url"])

    async def wait(self) -> None:
        """Wait until the child has ended."""
        await self._process.wait()

    def kill(self, reason: str) -> None:
        """End it at once; `reason` is told as the cause of its death."""
        self._killed_for = reason
        with suppress(ProcessLookupError):
            self._process.kill()

    async def end(self) -> None:
        """End the child if it still runs, within two seconds, and read what it left on standard error."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            # Not `asyncio.timeout`: in a task that was cancelled, it raises CancelledError before Python 3.11.4.
            await asyncio.wait_for(self._process.wait(), POLITE_S)
        except TimeoutError:
            self._process.kill()
        await self._process.wait()
        await self._reader

    def cause_of_death(self) -> str:
        """Why the child ended: what it was killed for, or what llama.cpp said of it, or its status.

        llama.cpp says its first complaint while it loaded, or its failed assertion.
        """
        if self._killed_for:
            return self._killed_for
        found = (_ABORT if self._loaded else _LOAD_ERROR).search(self._stderr)
        said = f": {found[1].decode(errors='replace').strip()[:300]}" if found else ""
        code = self._process.returncode or 0
        return (f"ended by signal {-code}" if code < 0 else f"ended with exit code {code}") + said

    async def _keep_stderr(self) -> None:
        assert self._process.stderr is not None  # noqa: S101  it was asked for in `start`
        while block := await self._process.stderr.read(_KEPT):
            self._stderr += block
            del self._stderr[:-_KEPT]
