"""Continuous batching: each step makes one token for every request at work; new ones join between two steps."""

from __future__ import annotations

import inspect
import queue
import threading
import traceback
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ops.transformers_server.cache import RowCache

if TYPE_CHECKING:
    from ops.transformers_server.models import Loaded

END: Final = None
"""What the queue of a request holds after its last token."""
_IDLE_S: Final = 0.05


@dataclass(slots=True, eq=False)
class Request:
    """One request.

    Attributes:
        prompt: its tokens.
        max_tokens: tokens of the answer at most.
        temperature: 0 takes the likeliest token.
        top_p: the likeliest tokens that have this probability together are drawn from.
        seed: of the draws; None draws anew each time.
        answer: tokens so far.
        tokens: queue of tokens for whoever answers the client, and `END`.
        finish_reason: `stop`, `length`, or `error`.
        cancelled: nobody waits for the answer any more.
    """

    prompt: list[int]
    max_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None
    answer: list[int] = field(default_factory=list)
    tokens: queue.SimpleQueue[int | None] = field(default_factory=queue.SimpleQueue)
    finish_reason: str = ""
    cancelled: bool = False
    generator: Any = None

    @property
    def length(self) -> int:
        """Tokens so far, prompt and answer together."""
        return len(self.prompt) + len(self.answer)


class Engine:
    """Makes the answers of all requests, in a thread of its own.

    Args:
        loaded: the model.
        rows: requests at a time; 1 makes one answer after the other.
        length: tokens of a request, prompt and answer together.
        uses_cache: keep keys and values; without, each step reads all tokens again.
    """

    def __init__(self, loaded: Loaded, *, rows: int = 8, length: int = 2048, uses_cache: bool = True) -> None:
        import torch  # noqa: PLC0415  # heavy

        self._torch = torch
        self._loaded = loaded
        self._model = loaded.model
        self._device = next(loaded.model.parameters()).device
        self._dtype = next(loaded.model.parameters()).dtype
        self.rows, self.length = rows, length
        self.cache = RowCache(loaded.model, rows, length) if uses_cache else None
        # transformers renames it.
        names = inspect.signature(loaded.model.base_model.forward).parameters
        self._cache_name = "cache" if "cache" in names else "past_key_values"
        self._waiting: deque[Request] = deque()
        self._working: list[Request] = []
        self._wake = threading.Event()
        self._stops = False
        self.largest_batch = 0
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()

    @property
    def load(self) -> tuple[int, int]:
        """Requests at work, and requests that wait."""
        return len(self._working), len(self._waiting)

    def submit(self, request: Request) -> None:
        """Take a request; its tokens come by its queue."""
        self._waiting.append(request)
        self._wake.set()

    def close(self) -> None:
        """End; requests at work end with an error."""
        self._stops = True
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        with self._torch.inference_mode():
            while not self._stops:
                self._wake.wait(_IDLE_S)
                self._wake.clear()
                while (self._waiting or self._working) and not self._stops:
                    try:
                        self._turn()
                    except Exception:  # noqa: BLE001  # no client may wait for ever
                        traceback.print_exc()
                        self._end_all()
        self._end_all()

    def _turn(self) -> None:
        """Let one request join if there is a row for it, then make a token for each at work."""
        if self._waiting and len(self._working) < self.rows:
            request = self._waiting.popleft()
            if request.cancelled:
                return
            if request.seed is not None:
                request.generator = self._torch.Generator(self._device).manual_seed(request.seed)
            self._working.append(request)
            self.largest_batch = max(self.largest_batch, len(self._working))
            self._take([request], self._read_prompt(request))
        elif self._working:
            self._take(list(self._working), self._step() if self.cache else self._read_all())

    def _read_prompt(self, request: Request) -> Any:
        """The logits after a prompt."""
        if self.cache is None:
            return self._read_all()[-1:]
        size, row = len(request.prompt), len(self._working) - 1
        self.cache.begin(row, size)
        mask = self._mask(self._torch.ones(size, size, dtype=self._torch.bool, device=self._device).tril()[None])
        return self._logits(self._tensor([request.prompt]), self._tensor([list(range(size))]), mask)[:, -1]

    def _step(self) -> Any:
        """The logits after the last token of each request at work."""
        assert self.cache is not None  # noqa: S101  # for the type
        places = [request.length - 1 for request in self._working]
        starts, width = self._tensor(places), max(places) + 1
        self.cache.step(starts, width)
        seen = self._torch.arange(width, device=self._device)[None] <= starts[:, None]
        ids = self._tensor([[request.answer[-1]] for request in self._working])
        return self._logits(ids, starts[:, None], self._mask(seen[:, None]))[:, -1]

    def _read_all(self) -> Any:
        """The same without a cache: all tokens of all requests are read again."""
        width = max(request.length for request in self._working)
        texts = [request.prompt + request.answer for request in self._working]
        ids = self._tensor([text + [0] * (width - len(text)) for text in texts])
        causal = self._torch.ones(width, width, dtype=self._torch.bool, device=self._device).tril()
        mask = self._mask(causal[None].expand(len(texts), -1, -1))
        places = self._torch.arange(width, device=self._device)[None].expand(len(texts), -1)
        logits = self._logits(ids, places, mask)
        return logits[range(len(texts)), [len(text) - 1 for text in texts]]

    def _logits(self, ids: Any, places: Any, mask: Any) -> Any:
        hidden = self._model.base_model(
            input_ids=ids,
            position_ids=places,
            attention_mask=mask,
            use_cache=self.cache is not None,
            **{self._cache_name: self.cache},
        ).last_hidden_state
        return self._model.get_output_embeddings()(hidden if self.cache is None else hidden[:, -1:])

    def _mask(self, seen: Any) -> Any:
        """An additive mask of the shape (requests, 1, new tokens, all tokens)."""
        mask = self._torch.zeros(seen.shape, dtype=self._dtype, device=self._device)
        return mask.masked_fill(~seen, self._torch.finfo(self._dtype).min)[:, None]

    def _take(self, requests: list[Request], logits: Any) -> None:
        """Give each request its next token, and let those go that have ended."""
        likeliest = logits.argmax(-1).tolist()
        for number, request in enumerate(requests):
            token = likeliest[number] if request.temperature <= 0 else self._draw(request, logits[number])
            request.answer.append(token)
            if token in self._loaded.end_ids:
                request.finish_reason = "stop"
            else:
                request.tokens.put(token)
                if len(request.answer) >= request.max_tokens or request.length >= self.length:
                    request.finish_reason = "length"
            if request.finish_reason or request.cancelled:
                self._leave(request)

    def _draw(self, request: Request, logits: Any) -> int:
        chances = (logits.float() / request.temperature).softmax(-1)
        if request.top_p < 1:
            ordered, places = chances.sort(descending=True)
            ordered[ordered.cumsum(-1) - ordered > request.top_p] = 0
            chances = self._torch.zeros_like(chances).scatter(0, places, ordered)
        return int(self._torch.multinomial(chances, 1, generator=request.generator))

    def _leave(self, request: Request) -> None:
        """The last row takes the place of the one that leaves, so that rows at work stay side by side."""
        row, last = self._working.index(request), len(self._working) - 1
        if row != last:
            if self.cache is not None:
                self.cache.move(last, row, self._working[last].length)
            self._working[row] = self._working[last]
        self._working.pop()
        request.tokens.put(END)

    def _end_all(self) -> None:
        for request in (*self._working, *self._waiting):
            request.finish_reason = "error"
            request.tokens.put(END)
        self._working.clear()
        self._waiting.clear()

    def _tensor(self, values: Any) -> Any:
        return self._torch.tensor(values, dtype=self._torch.long, device=self._device)
