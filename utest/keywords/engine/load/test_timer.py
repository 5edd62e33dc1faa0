import asyncio

import pytest

from keywords.engine import clock
from keywords.engine.load import timer as timer_module
from keywords.engine.load.event_loop import new_event_loop
from keywords.engine.load.timer import Timer


@pytest.fixture(params=["timerfd", "loop"])
def own_timer(request, monkeypatch):
    if request.param == "loop":
        monkeypatch.setattr(timer_module, "_open_timer", lambda: None)
    elif timer_module._open_timer() is None:
        pytest.skip("this system has no timerfd")


def run(work):
    async def with_timer():
        timer = Timer()
        try:
            return await work(timer)
        finally:
            timer.close()

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(with_timer())


@pytest.mark.usefixtures("own_timer")
def test_moments_come_in_their_order_and_never_early():
    async def work(timer):
        now, came = clock.now(), []
        for delay in (0.03, 0.01, 0.02, -1.0, 0.02):
            timer.call_at(now + delay, lambda delay=delay: came.append((delay, clock.now() - now)))
        await timer.until(now + 0.04)
        return came

    came = run(work)
    assert [delay for delay, _ in came] == [-1.0, 0.01, 0.02, 0.02, 0.03]
    assert all(at >= delay for delay, at in came)


@pytest.mark.usefixtures("own_timer")
def test_an_earlier_moment_may_be_set_later():
    async def work(timer):
        began = clock.now()
        late = asyncio.ensure_future(timer.until(began + 30))
        await timer.until(began + 0.01)
        assert not late.done()
        late.cancel()
        await timer.until(began + 0.02)
        return clock.now() - began

    assert run(work) >= 0.02


@pytest.mark.usefixtures("own_timer")
def test_a_moment_that_has_passed_is_not_waited_for():
    run(lambda timer: timer.until(clock.now() - 1))


@pytest.mark.usefixtures("own_timer")
def test_a_callback_may_set_the_next_moment():
    async def work(timer):
        done, times = asyncio.get_running_loop().create_future(), []

        def tick():
            times.append(clock.now())
            if len(times) == 5:
                done.set_result(None)
            else:
                timer.call_at(times[0] + 0.001 * len(times), tick)

        timer.call_at(clock.now(), tick)
        await done
        return times

    times = run(work)
    assert all(at >= times[0] + 0.001 * number for number, at in enumerate(times))


@pytest.mark.usefixtures("own_timer")
def test_a_callback_that_fails_does_not_stop_the_others():
    async def work(timer):
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        now = clock.now()
        timer.call_at(now + 0.01, lambda: 1 / 0)
        async with asyncio.timeout(5):
            await timer.until(now + 0.02)
            await timer.until(now + 0.03)

    run(work)
