"""Items of a trace: prompts and answers of the traced lengths, and the prefixes that the traced prompts shared."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from keywords.engine.load.errors import PlanError
from keywords.engine.load.items import Item, Turn
from keywords.engine.load.workload.draws import draw_bytes
from keywords.engine.load.workload.items import request_fields, unique_prefix
from keywords.engine.load.workload.prompt_lengths import PromptLengths
from keywords.engine.load.workload.text import draw_text, make_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keywords.engine.load.traces import TracedRequest
    from keywords.engine.load.workload.items import Message
    from keywords.engine.load.workload.reading import LoadedWorkload
    from keywords.engine.load.workload.schema import TraceReplay

KIND = "trace"
"""Name of the samples of a trace."""


@dataclass(frozen=True)
class TraceItems:
    """Items of a workload's trace; item n is its request n, and after the last one it begins again.

    Two prompts with the same ids of blocks at their beginning have the same text there, as those of the trace had. An
    answer of 0 tokens is asked for with one, because no server makes none.

    Attributes:
        workload: of a trace.
        seed: the same seed gives the same items.
        lengths: words that make a prompt of n tokens.
        nonce: see `WorkloadItems`.
    """

    workload: LoadedWorkload
    seed: int = 0
    lengths: PromptLengths = field(default_factory=PromptLengths)
    nonce: str = ""

    @property
    def items_of_pass(self) -> int | None:
        """Requests of the trace."""
        return len(self.workload.trace.requests) if self.workload.trace else None

    def item(self, number: int) -> Item:
        """The item with a number."""
        trace, replay = self.workload.trace, self.workload.spec.trace
        if trace is None or replay is None:
            raise PlanError("the workload has no trace; give one, or take its mix")
        request = trace.requests[number % len(trace.requests)]
        messages = self._messages(number, " ".join(self._blocks(number, request, replay)))
        fields = request_fields(
            replay.fields, stream=self.workload.spec.stream, max_tokens=max(1, request.output_tokens)
        )
        return Item(number, KIND, (Turn(messages, fields),))

    def first_messages(self, kind: str, number: int, words: int) -> tuple[Message, ...]:  # noqa: ARG002  # it has one
        """Messages of a request with a text of so many words."""
        return self._messages(number, make_text(words, draw_bytes(self.seed, number, 0), 0.0))

    def _messages(self, number: int, text: str) -> tuple[Message, ...]:
        unique = unique_prefix(self.nonce, self.seed, number) if self.workload.spec.unique_prefix else ""
        return ({"role": "user", "content": unique + text},)

    def _blocks(self, number: int, request: TracedRequest, replay: TraceReplay) -> Iterator[str]:
        """The prompt's shared blocks, and what is left as a text of its own."""
        words = self.lengths.words(request.input_tokens, self.lengths.around.get(KIND, 0.0))
        done = 0
        for place, block in enumerate(request.blocks, start=1):
            # Ends are rounded, not lengths: the errors of many blocks do not add up.
            end = min(words, round(place * replay.block_tokens / self.lengths.tokens_per_word))
            if end > done:
                yield draw_text(end - done, "block", self.seed, block)
            done = end
        if done < words:
            yield draw_text(words - done, "text", self.seed, number)
