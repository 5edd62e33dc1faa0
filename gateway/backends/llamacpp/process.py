"""The child process of the embedded backend, as its parent sees it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from gateway.backends.llamacpp.threads import choose_threads

if TYPE_CHECKING:
    from gateway.backends.llamacpp.config import LlamaCppConfig

CHILD = Path(__file__).with_name("child.py")
LOAD_LIMIT_S = 300.0
POLITE_S = 1.5
# Bytes of standard error; a failed load writes about one thousand.
_KEPT = 16_384
_LOAD_ERROR = re.compile(rb"^\S+ E +(.+)$", re.MULTILINE)
_ABORT = re.compile(rb"^.*(GGML_ASSERT.+)$", re.MULTILINE)


class LlamaCppProcess:
    """One run of `child.py`.

    The child's standard error is searched for the cause of its death, but never logged: llama.cpp may repeat parts of a
    request there, and a log must not contain prompts.

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
        """Start the child and return while it loads `weights`.

        Raises:
            OSError: no process could be started.
        """
        # -P: the child is run by its path, and must not import from its own directory.
        command = [sys.executable, "-P", str(CHILD), f"--model={weights}", f"--alias={alias}"]
        command += [f"--context-tokens={config.context_tokens}", f"--slots={config.slots}"]
        if config.cache_prompt:
            command.append("--cache-prompt")
        if config.embeddings is not None:
            command.append(f"--embeddings={config.embeddings}")
        environment = dict(os.environ)
        # The child inherits the CPU affinity of this process.
        if threads := await asyncio.to_thread(choose_threads):
            command += [f"--threads={threads.answer}", f"--prompt-threads={threads.prompt}"]
            if threads.answer == 1:
                environment.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        # The child ends when this pipe to its standard input closes, which the death of this process does too.
        return cls(
            await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environment)
        )

    async def address(self) -> str | None:
        """Wait until the model is loaded.

        Returns:
            The base URL; None if the child ended, or did not load the model within `LOAD_LIMIT_S`.
        """
        assert self._process.stdout is not None  # noqa: S101  # a pipe, see `start`
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
        """Kill the child; `cause_of_death` is then `reason`."""
        self._killed_for = reason
        with suppress(ProcessLookupError):
            self._process.kill()

    async def end(self) -> None:
        """End the child if it still runs, within two seconds, and read the rest of its standard error."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            # In a cancelled task, `asyncio.timeout` raises CancelledError before Python 3.11.4.
            await asyncio.wait_for(self._process.wait(), POLITE_S)
        except TimeoutError:
            self._process.kill()
        await self._process.wait()
        await self._reader

    def cause_of_death(self) -> str:
        """Why the child ended: the reason for killing it, or its status and what llama.cpp wrote.

        That is the first error during the load, or a failed assertion after it.
        """
        if self._killed_for:
            return self._killed_for
        match = (_ABORT if self._loaded else _LOAD_ERROR).search(self._stderr)
        message = f": {match[1].decode(errors='replace').strip()[:300]}" if match else ""
        code = self._process.returncode or 0
        return (f"ended by signal {-code}" if code < 0 else f"ended with exit code {code}") + message

    async def _keep_stderr(self) -> None:
        assert self._process.stderr is not None  # noqa: S101  # a pipe, see `start`
        while block := await self._process.stderr.read(_KEPT):
            self._stderr += block
            del self._stderr[:-_KEPT]
