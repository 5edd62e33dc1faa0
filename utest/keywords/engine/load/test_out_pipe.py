import asyncio
import os
import threading

import pytest

from keywords.engine.load.event_loop import new_event_loop
from keywords.engine.load.frames import frame, read_frame
from keywords.engine.load.out_pipe import ThreadPipe, open_pipe


async def open_in_thread(stream):
    return ThreadPipe(stream)


@pytest.mark.parametrize("opened", [open_pipe, open_in_thread])
def test_frames_come_whole_and_in_order_however_late_they_are_read(opened):
    source, target = os.pipe()
    written, read = threading.Event(), []
    messages = [("samples", b"x" * size) for size in (0, 10, 3_000_000, 5)]

    async def write():
        pipe = await opened(os.fdopen(target, "wb"))
        for message in messages:
            pipe.write(frame(message))
        written.set()
        await pipe.close()

    def read_all():
        written.wait()
        with os.fdopen(source, "rb", buffering=0) as stream:
            while True:
                try:
                    read.append(read_frame(stream))
                except EOFError:
                    return

    reader = threading.Thread(target=read_all)
    reader.start()
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(write())
    reader.join()
    assert read == messages
