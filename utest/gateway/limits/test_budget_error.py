"""How far a budget is from the truth, over cases drawn by a seed; `pytest -s` shows the figures.

The backend knows the truth: it answers in pieces whose tokens were counted by OpenAI's tokenizer `o200k_base`
(`texts_in_tokens.json`: pieces of text, and their tokens).
"""

import asyncio
import base64
import json
import math
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from aiohttp import web

from gateway.limits import key_file

SEED = 20261128
CASES = 200
WITHIN = 1.5
WITHIN_MIN = 190
NEVER_BELOW, NEVER_ABOVE = 0.5, 2.0

TEXTS = json.loads(Path(__file__).with_name("texts_in_tokens.json").read_text("utf-8"))
PATHS = {"chat": "/v1/chat/completions", "text": "/v1/completions", "messages": "/v1/messages"}
# Pictures of cameras and screens, in pixels.
SIZES = [(1024, 1024), (800, 600), (1600, 1200), (1920, 1080), (1080, 1920), (2048, 1536), (3024, 4032)]
# OpenAI's chat template: three tokens per message, one for the role, three for the answer's beginning.
MESSAGE_TOKENS, ANSWER_TOKENS = 4, 3
EVENT_PAUSE_S = 0.002


def picture_tokens(width, height):
    """OpenAI's rule: fit into 2048 pixels, then the shorter side into 768; 170 for each tile of 512, and 85."""
    fit = min(1, 2048 / max(width, height))
    fit *= min(1, 768 / (fit * min(width, height)))
    return 85 + 170 * math.ceil(width * fit / 512) * math.ceil(height * fit / 512)


def drawn(random, low, high):
    return round(math.exp(random.uniform(math.log(low), math.log(high))))


def passage(random, tokens):
    """Pieces of one text, repeated from anywhere, with about so many tokens."""
    text = TEXTS[random.choice(list(TEXTS))]
    at, pieces, count = random.randrange(len(text)), [], 0
    while count < tokens:
        pieces.append(text[at % len(text)])
        count += pieces[-1][1]
        at += 1
    return pieces


def joined(pieces):
    return "".join(text for text, _ in pieces)


@dataclass
class Case:
    """One request, and what its backend does.

    Attributes:
        kind: `asked`: the backend counts a stream if asked; `silent`: it never counts; `left`: the client leaves the
            stream; `whole`: a whole answer without a count.
        events: pieces of the answer, with their tokens.
        written: tokens that the backend has written.
    """

    kind: str
    format: str
    prompt: list
    picture: tuple[int, int] | None
    events: list
    leaves_after: int
    thinks: bool
    picture_bytes: int
    written: int = 0
    done: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def prompt_tokens(self):
        tokens = sum(count for _, count in self.prompt)
        if self.format != "text":
            tokens += MESSAGE_TOKENS + ANSWER_TOKENS
        return tokens + (picture_tokens(*self.picture) if self.picture else 0)

    @property
    def truth(self):
        return self.prompt_tokens + self.written

    def request(self):
        fields = {"model": "m", "max_tokens": 4000, "stream": self.kind != "whole"}
        if self.format == "text":
            return fields | {"prompt": joined(self.prompt)}
        data = base64.b64encode(bytes(self.picture_bytes)).decode()
        if self.format == "messages":
            picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}
        else:
            picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}
        parts = [{"type": "text", "text": joined(self.prompt)}, *([picture] if self.picture else [])]
        return fields | {"messages": [{"role": "user", "content": parts}]}


def draw(random):
    kind = random.choice(["asked", "silent", "silent", "left", "left", "whole"])
    form = random.choices(list(PATHS), [5, 2, 3])[0]
    answer = passage(random, drawn(random, 60 if kind == "left" else 10, 1500))
    per_event = random.choice([1, 1, 1, random.randint(2, 20), 1 if kind == "left" else len(answer)])
    cut = [answer[at : at + per_event] for at in range(0, len(answer), per_event)]
    return Case(
        kind=kind,
        format=form,
        prompt=passage(random, drawn(random, 10, 1500)),
        picture=random.choice(SIZES) if form != "text" and random.random() < 0.3 else None,
        events=[(joined(pieces), sum(count for _, count in pieces)) for pieces in cut],
        leaves_after=random.randint(3, 40),
        thinks=form != "text" and random.random() < 0.2,
        picture_bytes=random.randint(50_000, 400_000),
    )


def plays(case):
    """The backend's part."""

    def choice(text, finish=None):
        name = "message" if case.kind == "whole" else "delta"
        member = "reasoning_content" if case.thinks and not finish else "content"
        said = {"text": text} if case.format == "text" else {name: {member: text} if text else {}}
        return {"choices": [{"index": 0, "finish_reason": finish, **said}]}

    async def play(request):
        body = await request.json()
        if case.kind == "whole":
            case.written = sum(tokens for _, tokens in case.events)
            answer = choice("".join(text for text, _ in case.events), "stop")
            return web.json_response(answer)
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)

        async def write(chunk):
            chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "m", **chunk}
            await response.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")

        for number, (text, tokens) in enumerate(case.events):
            await write(choice(text))
            case.written += tokens
            if case.kind == "left":
                await asyncio.sleep(EVENT_PAUSE_S if number >= case.leaves_after else 0)
        await write(choice("", "stop"))
        if case.kind == "asked" and (body.get("stream_options") or {}).get("include_usage"):
            usage = {"prompt_tokens": case.prompt_tokens, "completion_tokens": case.written}
            await write({"choices": [], "usage": usage})
        await response.write(b"data: [DONE]\n\n")
        return response

    return play


def ask(http, case):
    with http.stream("POST", PATHS[case.format], json=case.request()) as response:
        assert response.status_code == 200, response.read()
        events = 0
        for line in response.iter_lines():
            events += line.startswith("data:")
            if case.kind == "left" and events > case.leaves_after:
                return


@pytest.fixture
def budget(start_gateway, backend, tmp_path):
    """A client whose key has a budget, and the function that tells what is charged once nothing is under way."""
    file = tmp_path / "keys.toml"
    key = key_file.add(file, "alice", {"budget_tokens": 10**9})
    with start_gateway(
        keys={"file": str(file)},
        backends={"up": {"kind": "openai", "base_url": f"{backend.url}/v1"}},
        models={"m": {"route": [{"backend": "up"}]}},
    ) as client:
        client.http.headers["authorization"] = f"Bearer {key}"
        store = client.service._current.checks.admission.store

        def charged():
            deadline = time.monotonic() + 5
            while store._usage["alice"].in_flight and time.monotonic() < deadline:
                time.sleep(0.002)
            return store.spent_by("alice")[0]

        yield client.http, charged


def test_a_budget_is_near_the_truth_in_each_drawn_case(budget, backend, capsys):
    http, charged = budget
    random, before, results = Random(SEED), 0, []
    for _ in range(CASES):
        case = draw(random)
        backend.script = plays(case)
        ask(http, case)
        after = charged()
        results.append(((after - before) / case.truth, case))
        before = after
    ratios = sorted(ratio for ratio, _ in results)
    near = sum(1 / WITHIN <= ratio <= WITHIN for ratio in ratios)
    with capsys.disabled():
        kinds = Counter(case.kind for _, case in results)
        print(  # noqa: T201  # the figures
            f"\nbudget error, seed {SEED}: {near} of {CASES} within a factor of {WITHIN:g}; lowest {ratios[0]:.2f}, "
            f"median {ratios[CASES // 2]:.2f}, highest {ratios[-1]:.2f}; "
            f"{', '.join(f'{kind} {count}' for kind, count in sorted(kinds.items()))}, "
            f"with pictures {sum(case.picture is not None for _, case in results)}"
        )
    assert near >= WITHIN_MIN
    assert ratios[0] >= NEVER_BELOW
    assert ratios[-1] <= NEVER_ABOVE
