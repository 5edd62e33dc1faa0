"""Keys and limits, built from the configuration and kept up to date with the key file."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import sys
from functools import partial
from typing import TYPE_CHECKING

from gateway.config.file_version import READ_S, file_version, unreadable
from gateway.config.problems import ConfigError, Problem
from gateway.limits import key_file, spending
from gateway.limits.admission import Admission
from gateway.limits.keyring import KeyRing
from gateway.limits.store import LimitStore, MemoryStore
from gateway.logs.events import log_event
from gateway.operating_system.daemon_thread import in_daemon_thread

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.config.load import Config
    from gateway.limits.concurrency import ConcurrencyLimiter
    from gateway.limits.key_file import KeyEntry
    from gateway.limits.keyring import Key

POLL_S = 1.0


class RequestChecks:
    """The keys, their limits, and the concurrency limit.

    Args:
        config: the configuration.
        workers: number of worker processes.
        limiter: the concurrency limiter; None if there is no limit.

    Attributes:
        keys: the keys that clients may use.
        admission: decides on each request.

    Raises:
        ConfigError: a configured key or limit could not be enforced.
    """

    def __init__(self, config: Config, *, workers: int = 1, limiter: ConcurrencyLimiter | None = None) -> None:
        self.keys = KeyRing(config.api_keys, config.keys)
        self._config = config
        self._workers = workers
        self._check(self.keys.keys)
        self._limiter = limiter
        self._file = config.keys.file
        self._version = file_version(self._file)
        self._store = self._make_store()
        self.admission = Admission(
            self._store,
            window_s=config.keys.window_s,
            limiter=limiter,
            messages=config.limits.messages,
            prices=config.prices,
            answers={name: model.answer_tokens for name, model in config.models.items() if model.answer_tokens},
        )
        self._watcher: asyncio.Task[None] | None = None
        self._saving: asyncio.Future[None] | None = None

    async def start(self) -> None:
        """Connect to the store, and start to watch the key file."""
        await self._store.start()
        self._start_watching()

    async def take_over(self, previous: RequestChecks) -> None:
        """Take over the counts of the previous checks, in place of `start`; the limits are the new ones."""
        await previous.stop_watching()
        if self._file == previous._file:
            # A write that still hangs must not come after a newer one.
            self._saving = previous._saving
        store = previous.admission.store
        store.window_s = self._config.keys.window_s
        if isinstance(store, MemoryStore) and isinstance(self._store, MemoryStore):
            # The spending file may lag a second behind the previous store, so the values of the store win.
            store.spent = self._store.spent | store.spent
        if previous._limiter is not None:
            # Kept even without a limit: the requests that hold its slots will release them.
            limiter, configured = previous._limiter, self._limiter
            self._limiter = limiter
            if configured is not None:
                limiter.adopt(configured)
                self.admission.limiter = limiter
        self._store = self.admission.store = store
        self._start_watching()

    async def stop(self) -> None:
        """Save the spending, and disconnect."""
        await self.stop_watching()
        await self._store.stop()

    async def stop_watching(self) -> None:
        """Save the spending, and stop watching the key file."""
        if self._watcher is not None:
            self._watcher.cancel()
            # It puts back what it had begun to save, for `_save` to see.
            await asyncio.wait([self._watcher], timeout=READ_S)
        if self._file is not None:
            await self._save(self._file)

    def _start_watching(self) -> None:
        if self._file is not None:
            self._watcher = asyncio.create_task(self._watch(self._file))

    def _make_store(self) -> LimitStore:
        config = self._config
        if config.shared.url is None:
            return MemoryStore(config.keys.window_s, _spent_before(self._file))
        # The package redis is an extra, needed only with [shared].
        from gateway.limits.redis_store import RedisStore  # noqa: PLC0415  # optional

        return RedisStore(config.shared.url, config.keys.window_s)

    def _check(self, keys: list[Key]) -> None:
        """Refuse limits that could not be enforced.

        Raises:
            ConfigError: every such limit.
        """
        config, workers, problems = self._config, self._workers, list[Problem]()
        limited_id = next((key.id for key in keys if key.is_limited), None)
        if workers > 1:
            problems += _worker_problems(config, workers)
            if limited_id and config.shared.url is None:
                what = (
                    f"each of {workers} workers would count by itself, so key '{limited_id}' could use {workers} times"
                )
                fix = "name a Redis or Valkey in [shared], or run one worker"
                problems.append(Problem("server.workers", f"{what} its limits", fix))
        if config.shared.url is not None and importlib.util.find_spec("redis") is None:
            fix = "install it with: pip install 'llm-gateway-qa[redis]'"
            problems.append(Problem("shared", "needs the package redis", fix))
        usd_id = next((key.id for key in keys if key.budget_usd is not None), None)
        problems += config.unpriced(usd_id) if usd_id else []
        if problems:
            raise ConfigError(problems)

    async def _watch(self, file: Path) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            await self._save(file)
            version = await in_daemon_thread(partial(file_version, file))
            if version != self._version:
                self._version = version
                await self._reload(file)

    async def _reload(self, file: Path) -> None:
        """Apply the new key file, or keep the old one if it is bad; revoked keys are refused in any case."""
        try:
            entries = await _read(file)
            try:
                self._check([self.keys.key_of(name, entry) for name, entry in entries.items() if entry.revoked is None])
            except ConfigError:
                self.keys.withdraw(entries)
                raise
        except ConfigError as error:
            log_event("keys_not_reloaded", level=logging.ERROR, reason=str(error))
            return
        self.keys.replace(entries)
        log_event("keys_reloaded", keys=len(entries))

    async def _save(self, file: Path) -> None:
        """Save the spending if it has changed; a file system that hangs gets no second write before it answers."""
        store = self._store
        if not isinstance(store, MemoryStore) or not store.changed:
            return
        if self._saving is not None and not (await asyncio.wait([self._saving], timeout=READ_S))[0]:
            return
        changed = set(store.changed)
        store.changed.clear()
        store.spent |= {name: store.spent_by(name) for name in changed}
        path = spending.path_beside(file)
        self._saving = asyncio.ensure_future(in_daemon_thread(partial(spending.save, path, dict(store.spent))))
        is_saved = False
        try:
            async with asyncio.timeout(READ_S):
                await asyncio.shield(self._saving)
            is_saved = True
        except (OSError, TimeoutError) as error:
            reason = str(error) or f"{path} could not be written within {READ_S:g} s"
            log_event("spending_not_saved", level=logging.ERROR, reason=reason)
        finally:
            if not is_saved:
                store.changed |= changed


async def _read(file: Path) -> dict[str, KeyEntry]:
    try:
        async with asyncio.timeout(READ_S):
            return await in_daemon_thread(partial(key_file.read, file))
    except TimeoutError:
        raise ConfigError([unreadable(file)]) from None


def _worker_problems(config: Config, workers: int) -> list[Problem]:
    problems = [
        Problem(
            "server.workers",
            f"each of {workers} workers would load the model of backend '{name}' once more",
            'run one worker, or serve the model by a process of its own and lead to it with kind = "openai"',
        )
        for name, backend in config.backends.items()
        if backend.is_embedded
    ]
    if sys.platform == "win32":
        problems.append(Problem("server.workers", "Windows cannot share a listening socket so", "run one worker"))
    return problems


def _spent_before(file: Path | None) -> spending.Spent:
    if file is None:
        return {}
    path = spending.path_beside(file)
    try:
        return spending.load(path)
    except (OSError, ValueError) as error:
        fix = "restore it, or delete it to begin all budgets anew"
        raise ConfigError([Problem(str(path), "cannot be read", fix)]) from error
