import asyncio

from keywords.engine import clock
from keywords.engine.load.deadlines import Deadlines
from keywords.engine.load.failures import Failure
from utest.keywords.engine.load.servers import run

LATE = Failure("timeout", "too late")


class Connection:
    def __init__(self):
        self.aborted = asyncio.get_running_loop().create_future()

    def abort(self, failure):
        self.aborted.set_result((failure, clock.now()))


def test_each_is_aborted_at_its_own_moment_whatever_the_order_in_which_they_came():
    async def abort_all():
        deadlines, begun = Deadlines(LATE), clock.now()
        waits = {Connection(): begun + wait for wait in (0.03, 0.01, 0.02)}
        for connection, at in waits.items():
            deadlines.add(connection, at)
        ends = [await connection.aborted for connection in waits]
        assert all(failure is LATE for failure, _ in ends)
        assert all(at >= due for (_, at), due in zip(ends, waits.values(), strict=True))
        assert sorted(at for _, at in ends) == [ends[place][1] for place in (1, 2, 0)]

    run(abort_all())


def test_an_ended_request_is_not_aborted():
    async def end():
        deadlines = Deadlines(LATE)
        ended, late = Connection(), Connection()
        deadlines.add(ended, clock.now() + 0.01)
        deadlines.add(late, clock.now() + 0.02)
        deadlines.remove(ended)
        await late.aborted
        return ended.aborted.done()

    assert run(end()) is False


def test_nothing_is_aborted_after_the_close():
    async def close():
        deadlines, connection = Deadlines(LATE), Connection()
        deadlines.add(connection, clock.now())
        deadlines.close()
        await asyncio.sleep(0)
        return connection.aborted.done()

    assert run(close()) is False
