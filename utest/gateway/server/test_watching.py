"""Watching the configuration file beside the requests."""

import asyncio

from gateway.server.reloading import Reloading


def test_watching_ends_though_the_cancellation_comes_with_a_request(tmp_path):
    async def main():
        async def reload():
            pass

        reloading = Reloading(tmp_path / "gateway.toml", watch=False, reload=reload)
        task = asyncio.create_task(reloading.run())
        await asyncio.sleep(0.05)
        reloading.request()
        # Two turns of the loop: to set the event, and to end the wait for it.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task], timeout=2.0)
        assert task.done()

    asyncio.run(main())
