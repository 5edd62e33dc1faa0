"""The embedded backend with the real model, where its weights are: `gateway models pull`, or `GATEWAY_MODEL`."""

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
import textwrap
import time
import urllib.request
from contextlib import suppress

import pytest

from gateway.backends.base import Call
from gateway.backends.llamacpp.backend import LlamaCppBackend
from gateway.backends.llamacpp.config import LlamaCppConfig
from gateway.backends.llamacpp.weights import EmbeddedModelError, resolve
from gateway.config.load import BUILT_IN
from gateway.errors.base import BackendDisconnected, BackendUnavailable, ContextTooLong
from gateway.operating_system.processes import cpu_ticks
from utest.gateway.backends.llamacpp.embedded_backend import events, is_gone, running

SHORT = [{"role": "system", "content": ""}, {"role": "user", "content": "Hi"}]
"""A third of the tokens of a message without a system message, which gets the model's own."""
LONG = "word " * 1200
"""Five steps of reading: a client that leaves within the first one or two leaves half of the work undone."""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills with SIGKILL")


@pytest.fixture(scope="module")
def weights():
    try:
        return resolve()
    except EmbeddedModelError as missing:
        pytest.skip(str(missing))


@pytest.fixture
def child_pid(caplog):
    """The process id of the child that became ready last."""
    caplog.set_level(logging.INFO, "gateway")
    return lambda: events(caplog, "backend_ready")[-1]["pid"]


def embedded(weights, **settings):
    return LlamaCppBackend(LlamaCppConfig(model_path=weights, **settings), name="embedded", models=["m"])


def call(prompt="Tell a long story.", *, model="m", stream=False, **fields):
    body = {
        "model": model,
        "messages": [{"role": "user", "content": prompt}],
        "temperature": 0,
        "stream": stream,
        **fields,
    }
    return Call(json.dumps(body).encode(), body, model, model, "id", stream)


async def drain(stream):
    async for _ in stream:
        pass


def test_the_model_answers_streams_and_repeats_itself(weights):
    async def scenario():
        async with running(embedded(weights)) as backend:
            whole = json.loads(await backend.complete(call("Name an animal.", model="other", max_tokens=8)))
            together = await asyncio.gather(
                *(backend.complete(call("Name an animal.", max_tokens=8)) for _ in range(4))
            )
            blocks = [block async for block in backend.stream(call("Name an animal.", stream=True, max_tokens=8))]
            return whole, [json.loads(answer) for answer in together], b"".join(blocks)

    whole, together, streamed = asyncio.run(scenario())
    text = whole["choices"][0]["message"]["content"]
    assert text
    assert whole["model"] == "other"
    assert (whole["choices"][0]["message"]["refusal"], whole["choices"][0]["logprobs"]) == (None, None)
    assert whole["usage"]["completion_tokens"] == 8
    assert {answer["choices"][0]["message"]["content"] for answer in together} == {text}
    chunks = [json.loads(line[6:]) for line in streamed.decode().split("\n\n") if line.startswith("data: {")]
    assert "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks) == text
    assert {chunk["model"] for chunk in chunks} == {"m"}


def test_all_choices_are_counted_and_the_tokenizer_counts_what_the_server_counts(weights):
    async def counts(backend, **fields):
        asked = call("Name three fruits.", stream=True, max_tokens=20, **fields)
        async for block in backend.stream(asked):
            asked.meter.note_block(block)
        return asked.meter.usage(), await asked.meter.token_counter.count()

    async def scenario():
        async with running(embedded(weights)) as backend:
            whole = json.loads(await backend.complete(call("Hi", n=3, max_tokens=4, ignore_eos=True)))
            return whole, [await counts(backend, ignore_eos=True, **fields) for fields in ({}, {"n": 2})]

    whole, counted = asyncio.run(scenario())
    assert [choice["index"] for choice in whole["choices"]] == [0, 1, 2]
    assert all(choice["message"]["content"] and choice["finish_reason"] == "length" for choice in whole["choices"])
    assert {"logprobs", "refusal"} <= {key for choice in whole["choices"] for key in (*choice, *choice["message"])}
    assert whole["object"] == "chat.completion"
    assert whole["usage"]["completion_tokens"] == 12
    for backends, tokenizers in counted:
        assert tokenizers.prompt_tokens == backends.prompt_tokens > 30
        assert abs(tokenizers.completion_tokens - backends.completion_tokens) <= 1
        assert (backends.source, tokenizers.source) == ("backend", "tokenizer")


def test_a_call_right_after_a_stream_does_not_meet_the_connection_that_llamacpp_closes(weights):
    async def scenario():
        async with running(embedded(weights)) as backend:
            for _ in range(10):
                await drain(backend.stream(call(stream=True, max_tokens=1, messages=SHORT)))
                await backend.complete(call(max_tokens=1, messages=SHORT))

    asyncio.run(scenario())


def test_a_prompt_that_does_not_fit_is_refused_with_both_numbers_and_a_long_answer_ends_at_the_limit(weights):
    async def scenario():
        async with running(embedded(weights, context_tokens=256, slots=2)) as backend:
            with pytest.raises(
                ContextTooLong, match=r"maximum context length is 256 tokens.* resulted in 4"
            ) as refused:
                await backend.complete(call("word " * 400))
            assert refused.value.param == "messages"
            return json.loads(await backend.complete(call(ignore_eos=True)))

    answer = asyncio.run(scenario())
    assert answer["choices"][0]["finish_reason"] == "length"
    assert answer["usage"]["total_tokens"] == 256


def test_a_kill_in_mid_stream_is_an_error_and_the_model_is_back_within_five_seconds(weights, child_pid):
    async def scenario():
        async with running(embedded(weights)) as backend:
            stream = backend.stream(call(stream=True, ignore_eos=True))
            await anext(stream)
            os.kill(child_pid(), signal.SIGKILL)
            with pytest.raises(BackendDisconnected):
                await asyncio.wait_for(drain(stream), 2)
            async with asyncio.timeout(5):
                while not await backend.ready():  # noqa: ASYNC110  readiness is asked for, as a client would
                    await asyncio.sleep(0.05)
            return json.loads(await backend.complete(call(max_tokens=1)))

    assert asyncio.run(scenario())["usage"]["completion_tokens"] == 1


@pytest.mark.skipif(sys.platform != "linux", reason="reads computing times")
def test_a_client_that_leaves_while_its_prompt_is_read_frees_the_model(weights, child_pid):
    async def cost_of(work):
        before = cpu_ticks(child_pid())
        await work
        return cpu_ticks(child_pid()) - before

    async def leave(backend):
        asked = asyncio.create_task(backend.complete(call(LONG, max_tokens=1)))
        # Until it computes.
        ticks = cpu_ticks(child_pid())
        while cpu_ticks(child_pid()) < ticks + 5:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        asked.cancel()
        with suppress(asyncio.CancelledError):
            await asked
        await backend.complete(call("Hi", max_tokens=1))

    async def scenario():
        async with running(embedded(weights)) as backend:
            whole = await cost_of(backend.complete(call(LONG, max_tokens=1)))
            return whole, await cost_of(leave(backend))

    whole, left = asyncio.run(scenario())
    assert left < whole / 2


def test_a_damaged_file_gives_one_clear_cause(weights, tmp_path, caplog):
    cut = tmp_path / "cut.gguf"
    with weights.open("rb") as file:
        cut.write_bytes(file.read(20_000_000))

    async def scenario():
        backend = embedded(cut)
        with pytest.raises(BackendUnavailable):
            await backend.start()
        await backend.stop()

    asyncio.run(scenario())
    assert "model is corrupted or incomplete" in events(caplog, "backend_crashed")[0]["reason"]


def test_the_child_does_not_outlive_a_killed_parent(weights):
    code = f"""
        import asyncio, pathlib
        from gateway.backends.llamacpp.backend import LlamaCppBackend
        from gateway.backends.llamacpp.config import LlamaCppConfig
        from gateway.logs.events import configure_logging
        async def main():
            configure_logging()
            config = LlamaCppConfig(model_path=pathlib.Path({str(weights)!r}))
            await LlamaCppBackend(config, name="embedded", models=["m"]).start()
            await asyncio.sleep(60)
        asyncio.run(main())
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stderr=subprocess.PIPE) as parent:
        child = json.loads(parent.stderr.readline())["pid"]
        assert not is_gone(child)
        parent.kill()
        killed = time.monotonic()
        while not is_gone(child):
            assert time.monotonic() - killed < 1
            time.sleep(0.01)


def test_ctrl_c_in_the_terminal_is_left_to_the_parent(weights, child_pid, caplog):
    async def scenario():
        async with running(embedded(weights)) as backend:
            os.kill(child_pid(), signal.SIGINT)
            await asyncio.sleep(0.2)
            return await backend.ready()

    assert asyncio.run(scenario())
    assert events(caplog, "backend_crashed") == []


def test_a_stop_signal_to_the_whole_group_lets_an_answer_end(weights):
    environment = {**os.environ, "GATEWAY_MODEL": str(weights), "GATEWAY_API_KEYS": ""}
    command = [sys.executable, "-m", "gateway", "serve", "--port", "0", "--config", str(BUILT_IN)]
    gateway = subprocess.Popen(command, stderr=subprocess.PIPE, env=environment, start_new_session=True)
    entries = []
    for line in gateway.stderr:
        entries.append(json.loads(line))
        if entries[-1]["event"] == "backend_started":
            break
    url = next(entry["url"] for entry in entries if entry["event"] == "listening")
    body = {
        "model": "smollm2-135m-instruct",
        "messages": [{"role": "user", "content": "Hi"}],
        "max_tokens": 60,
        "ignore_eos": True,
        "stream": True,
    }
    request = urllib.request.Request(
        f"{url}/v1/chat/completions", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request) as response:
        response.readline()
        os.killpg(gateway.pid, signal.SIGTERM)
        rest = response.read().decode()
    with gateway.stderr:
        events = [json.loads(line)["event"] for line in gateway.stderr]
    assert gateway.wait(10) == 0
    assert rest.count("data: {") >= 50
    assert '"finish_reason":"length"' in rest
    assert "backend_crashed" not in events
