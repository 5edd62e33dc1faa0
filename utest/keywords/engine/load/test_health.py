"""A client's health tells how long its event loop stood still, not only that it did."""

import asyncio
import errno
import time
from types import SimpleNamespace

import pytest

from keywords.engine.load.conversations import Progress
from keywords.engine.load.event_loop import new_event_loop
from keywords.engine.load.health import HealthWatch
from keywords.engine.load.share import DRAIN, WARMUP
from keywords.engine.load.timer import Timer
from keywords.engine.load.validity import LOOP_LAG_S, worst_percentile


def lags_of(*works, progress=None):
    async def watched():
        timer = Timer()
        watch = HealthWatch(timer, progress or Progress())
        for work in works:
            await asyncio.sleep(0.1)
            work(watch)
        await asyncio.sleep(0.1)
        watch.end()
        timer.close()
        return watch.health(0, [], 0).loop_lags_s

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(watched())


def test_a_loop_that_stood_still_was_late_all_that_time():
    lags = lags_of(lambda _: time.sleep(0.5))[0]
    late = [lag for lag in lags if lag > LOOP_LAG_S]
    assert len(late) >= 48
    assert max(late) >= 0.48
    assert sum(late) / len(late) == pytest.approx(max(late) / 2, rel=0.3)
    assert worst_percentile(lags)[0] > LOOP_LAG_S


def test_a_process_without_a_free_file_is_watched_on(monkeypatch):
    def memory_info(_):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr("psutil.Process.memory_info", memory_info)
    assert len(lags_of(lambda _: None)[0]) > 5


def test_an_idle_drain_does_not_lower_the_processors_share(monkeypatch):
    moments, cpu_s = [0.0], [0.0]
    monkeypatch.setattr("keywords.engine.load.health.clock.now", lambda: moments[0])
    monkeypatch.setattr("keywords.engine.load.health.time.process_time", lambda: cpu_s[0])
    watch = HealthWatch(SimpleNamespace(call_at=lambda *_: None), Progress())
    moments[0], cpu_s[0] = 2.0, 1.9
    watch.drain()
    moments[0] = 30.0
    watch.end()
    assert watch.health(0, [], 0).cpu_share == pytest.approx(0.95)


def test_each_stage_and_the_drain_have_lags_of_their_own_and_the_warm_up_none():
    progress = Progress(stage=WARMUP)

    def begin(stage):
        return lambda _: setattr(progress, "stage", stage)

    lags = lags_of(lambda _: time.sleep(0.2), begin(0), begin(1), lambda watch: watch.drain(), progress=progress)
    assert set(lags) == {0, 1, DRAIN}
    assert all(len(each) > 0 for each in lags.values())
