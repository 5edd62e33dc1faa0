"""Keys and limits, assembled from the configuration, and kept up to date with the file of keys."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import sys
from typing import TYPE_CHECKING

from gateway.config.file_version import file_version
from gateway.config.problems import ConfigError, Problem
from gateway.limits import key_file, spending
from gateway.limits.admission import Admission
from gateway.limits.keyring import KeyRing
from gateway.limits.store import LimitStore, MemoryStore
from gateway.logs.events import log_event

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.config.load import Config
    from gateway.limits.concurrency import ConcurrencyLimiter
    from gateway.limits.keyring import Key

LOOK_S = 1.0


class RequestChecks:
    """The keys, their limits, and the bound on requests under way.

    Args:
        config: the configuration.
        workers: how many processes answer.
        limiter: bounds the requests under way; None is no bound.

    Attributes:
        keys: the keys that clients may use.
        admission: decides on each request.

    Raises:
        ConfigError: keys or limits cannot hold as they are configured.
    """

    def __init__(self, config: Config, *, workers: int = 1, limiter: ConcurrencyLimiter | None = None) -> None:
        self.keys = KeyRing(config.api_keys, config.keys)
        self._config = config
        self._workers = workers
        self._check(self.keys.keys)
        self._limiter = limiter
        self._file = config.keys.file
        self._seen = file_version(self._file)
        self._store = self._make_store()
        self.admission = Admission(
            self._store,
            window_s=config.keys.window_s,
            limiter=limiter,
            messages=config.limits.messages,
            prices=config.prices,
            answers={name: model.answer_tokens for name, model in config.models.items() if model.answer_tokens},
        )
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect to the store, and look after the file of keys from now on."""
        await self._store.start()
        self._look()

    async def take_over(self, before: RequestChecks) -> None:
        """Go on with what another one counted, in place of `start`; the rules are this one's from now on."""
        await before.stop_looking()
        store = before.admission.store
        store.window_s = self._config.keys.window_s
        if isinstance(store, MemoryStore) and isinstance(self._store, MemoryStore):
            # What is read from the file may be a second old.
            store.spent = self._store.spent | store.spent
        if before._limiter is not None:
            # Kept even if it bounds nothing for now: those who went in through it will leave.
            limiter, wanted = before._limiter, self._limiter
            self._limiter = limiter
            if wanted is not None:
                limiter.adopt(wanted)
                self.admission.limiter = limiter
        self._store = self.admission.store = store
        self._look()

    async def stop(self) -> None:
        """Write down what was spent, and disconnect."""
        await self.stop_looking()
        await self._store.stop()

    async def stop_looking(self) -> None:
        """Write down what was spent, and leave the file of keys alone."""
        if self._watch is not None:
            self._watch.cancel()
        if self._file is not None:
            await self._save(self._file)

    def _look(self) -> None:
        if self._file is not None:
            self._watch = asyncio.create_task(self._look_after(self._file))

    def _make_store(self) -> LimitStore:
        config = self._config
        if config.shared.url is None:
            return MemoryStore(config.keys.window_s, _spent_before(self._file))
        # An extra: a gateway that shares nothing does not need it installed.
        from gateway.limits.redis_store import RedisStore  # noqa: PLC0415  # see the line above

        return RedisStore(config.shared.url, config.keys.window_s)

    def _check(self, keys: list[Key]) -> None:
        """Refuse limits that would not hold.

        Raises:
            ConfigError: see its problems.
        """
        config, workers, problems = self._config, self._workers, list[Problem]()
        limited = next((key.id for key in keys if key.is_limited), None)
        if workers > 1:
            problems += _problems_of_workers(config, workers)
            if limited and config.shared.url is None:
                what = f"each of {workers} workers would count by itself, so key '{limited}' could use {workers} times"
                fix = "name a Redis or Valkey in [shared], or run one worker"
                problems.append(Problem("server.workers", f"{what} its limits", fix))
        if config.shared.url is not None and importlib.util.find_spec("redis") is None:
            fix = "install it with: pip install 'llm-gateway-qa[redis]'"
            problems.append(Problem("shared", "needs the package redis", fix))
        in_usd = next((key.id for key in keys if key.budget_usd is not None), None)
        problems += config.unpriced(in_usd) if in_usd else []
        if problems:
            raise ConfigError(problems)

    async def _look_after(self, file: Path) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            await self._save(file)
            seen = file_version(file)
            if seen != self._seen:
                self._seen = seen
                self._read_again(file)

    def _read_again(self, file: Path) -> None:
        """Take the file's new content, or keep the old one if it is bad; a key that is revoked goes in any case."""
        try:
            entries = key_file.read(file)
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
        """Note what was spent since the last time."""
        store = self._store
        if not isinstance(store, MemoryStore) or not store.changed:
            return
        changed = set(store.changed)
        store.changed.clear()
        store.spent |= {name: store.spent_by(name) for name in changed}
        try:
            await asyncio.to_thread(spending.save, spending.path_beside(file), dict(store.spent))
        except OSError as error:
            store.changed |= changed
            log_event("spending_not_saved", level=logging.ERROR, reason=str(error))


def _problems_of_workers(config: Config, workers: int) -> list[Problem]:
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
