"""Many questions at once, each answered or given up within its limit."""

from __future__ import annotations

import itertools
import queue
import threading
from typing import TYPE_CHECKING

import httpx2

from keywords.engine import clock
from keywords.engine.evaluation.asking import Asked, Failure, ask
from keywords.engine.evaluation.items import DatasetError
from keywords.engine.http.patience import requests_at_once

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keywords.engine.evaluation.prompting import Question
    from keywords.engine.http.patience import Limits
    from keywords.engine.openai.client import ChatClient

GRACE_S = 5.0
"""Seconds after the client's own limit at which a question is given up: the client tells more of what happened."""


def ask_together(client: ChatClient, wanted: Iterator[Question], concurrency: int) -> Iterator[tuple[Question, Asked]]:
    """Ask so many questions at once; give each with its answer as soon as it came.

    No more questions are taken than are asked, and none once the caller stops reading. The client limits each read of
    the headers, not all of them together: a question whose headers never end is given up, and its connection left.

    Raises:
        DatasetError: the machine has no room for so many threads.
    """
    work = _Work(client, concurrency)
    try:
        for question in itertools.islice(wanted, concurrency):
            work.begin(question)
        while work.under_way:
            answered = work.next_answered()
            if (following := next(wanted, None)) is not None:
                work.begin(following)
            yield answered
    finally:
        work.end()


class _Work:
    """Threads that ask; this one alone decides what is asked, and what is given up."""

    def __init__(self, client: ChatClient, concurrency: int) -> None:
        self.under_way: dict[int, tuple[Question, Limits, float]] = {}
        self._client = client
        self._concurrency = concurrency
        self._numbers = itertools.count()
        self._threads = 0
        self._to_ask: queue.SimpleQueue[tuple[int, Question] | None] = queue.SimpleQueue()
        self._answered: queue.SimpleQueue[tuple[int, Asked | BaseException]] = queue.SimpleQueue()

    def begin(self, question: Question) -> None:
        request = httpx2.Request(
            "POST", self._client.base_url, content=question.body, extensions=requests_at_once(self._concurrency)
        )
        limits = self._client.patience.limits(request)
        number = next(self._numbers)
        self.under_way[number] = question, limits, clock.now() + limits.seconds + GRACE_S
        if self._threads < len(self.under_way):
            self._start_thread()
        self._to_ask.put((number, question))

    def next_answered(self) -> tuple[Question, Asked]:
        while True:
            # The limits of all questions of a set are nearly the same, so the oldest one is over first.
            number, (question, limits, until) = next(iter(self.under_way.items()))
            try:
                answered, result = self._answered.get(timeout=max(until - clock.now(), 0))
            except queue.Empty:
                del self.under_way[number]
                self._start_thread()
                seconds = limits.seconds + GRACE_S
                return question, Asked(None, Failure.NO_ANSWER, limits.silence, None, None, seconds)
            if isinstance(result, BaseException):
                raise result
            if answered in self.under_way:  # else it was given up
                question, _, _ = self.under_way.pop(answered)
                return question, result

    def end(self) -> None:
        for _ in range(self._threads):
            self._to_ask.put(None)

    def _start_thread(self) -> None:
        # A daemon, so that a hanging server does not keep a run that was ended from ending.
        thread = threading.Thread(target=self._ask, name="evaluation", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            raise DatasetError(
                f"this machine has room for {self._threads} threads ({error}): ask with a lower --concurrency"
            ) from error
        self._threads += 1

    def _ask(self) -> None:
        while (wanted := self._to_ask.get()) is not None:
            number, question = wanted
            try:
                self._answered.put((number, ask(self._client, question.body, self._concurrency)))
            except BaseException as error:  # noqa: BLE001  # raised again by the reader
                self._answered.put((number, error))
