"""Measurement of prompt lengths, see `prompt_lengths`: three short requests for each entry of a workload."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from keywords.engine.load.errors import CalibrationError
from keywords.engine.load.first_answers import EndlessAnswerError, within
from keywords.engine.load.workload.distributions import draw_count
from keywords.engine.load.workload.draws import draw_bytes
from keywords.engine.load.workload.prompt_lengths import PromptLengths
from keywords.engine.load.workload.text import make_text
from keywords.engine.load.workload.trace_items import KIND
from keywords.engine.openai.answer import NoUsableAnswer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from keywords.engine.load.workload.items import Message
    from keywords.engine.load.workload.prompt_lengths import TokenCounter
    from keywords.engine.load.workload.reading import LoadedWorkload
    from keywords.engine.openai.client import ChatClient

_LONGEST_PROBE: Final = 512
"""Words of the longer prompt that the tokens of a word are measured with."""
_LONG: Final = 0.95
"""Percentile of the prompts' lengths that the check is made with."""
_LEAST_PER_WORD: Final = 0.1
"""No tokenizer makes so few tokens of words that have five letters on average: such usage does not count the prompt."""


class ProbeItems(Protocol):
    """What makes prompts of a number of words."""

    @property
    def workload(self) -> LoadedWorkload:
        """The workload."""

    def first_messages(self, kind: str, number: int, words: int) -> tuple[Message, ...]:
        """Messages of a first request of an entry."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """Lengths of one entry's synthetic text.

    Attributes:
        name: of the entry.
        long: tokens of the long ones.
        shortest: tokens of the shortest one; None where nothing is refused for it.
        whole: whether these lengths are of the whole prompt; else they are of the shared prefix alone.
        later: whether its conversations have further turns.
    """

    name: str
    long: int
    shortest: int | None = None
    whole: bool = True
    later: bool = False


@dataclass(frozen=True, slots=True)
class _Counts:
    """Words of two prompts and the tokens that the server counts for each; `later` is the count of a second turn."""

    words: tuple[int, int]
    tokens: tuple[int, int]
    later: int | None


def measure_lengths(items: ProbeItems, count: TokenCounter) -> PromptLengths | None:
    """Measure how long synthetic prompts have to be.

    Args:
        items: of the workload, with lengths that were not measured.
        count: has the server count a conversation's tokens.

    Returns:
        None if no length of the workload is in tokens. Lengths in words, with the reason, if the server does not count.

    Raises:
        CalibrationError: an entry asks for prompts shorter than what the server's template takes, or the server refuses
            its long ones.
    """
    kinds = _kinds(items.workload)
    if not kinds:
        return None
    counts: dict[str, _Counts] = {}
    for kind in kinds:
        found = _probe(items, kind, count)
        if found is None:
            return PromptLengths(why_words="the server gives no usage")
        counts[kind.name] = found
    added = sum(found.tokens[1] - found.tokens[0] for found in counts.values())
    words = sum(found.words[1] - found.words[0] for found in counts.values())
    per_word = added / words
    if per_word < _LEAST_PER_WORD:
        return PromptLengths(
            why_words=f"the server's usage counts {added} tokens more for a prompt of {words} more words"
        )
    lengths = PromptLengths(
        source="usage",
        why_words="",
        tokens_per_word=per_word,
        around={name: (sum(found.tokens) - per_word * sum(found.words)) / 2 for name, found in counts.items()},
        around_later={
            name: found.later - found.tokens[0] - per_word * 2 * found.words[0]
            for name, found in counts.items()
            if found.later is not None
        },
    )
    return _checked(items, kinds, count, lengths)


def usage_counter(client: ChatClient) -> TokenCounter:
    """A counter that asks a server for an answer of one token and reads its usage.

    Raises:
        CalibrationError: when called, if there is no answer.
    """

    def count(messages: Sequence[Mapping[str, Any]]) -> int | None:
        words = sum(len(str(message["content"]).split()) for message in messages)
        ask = partial(client.ask, [dict(message) for message in messages], max_tokens=1)
        try:
            answer = within(client.longest_s, ask)
        except EndlessAnswerError as err:
            raise CalibrationError(
                f"A prompt of {words} words cannot be measured: {err}. Mend the server, or load another one."
            ) from err
        except NoUsableAnswer as err:
            raise CalibrationError(
                f"A prompt of {words} words cannot be measured: {err} "
                f"Shorten the workload's prompts, or give the server a longer context."
            ) from err
        return answer.usage.prompt_tokens if answer.usage else None

    return count


def _kinds(workload: LoadedWorkload) -> list[_Kind]:
    if workload.trace is not None:
        tokens = sorted(request.input_tokens for request in workload.trace.requests)
        # A trace is taken as it is: what is too short for the template is sent as one word.
        return [_Kind(KIND, tokens[int(_LONG * len(tokens))])]
    kinds = []
    for entry in workload.spec.mix or ():
        lengths = entry.prompts.tokens
        if lengths is not None:
            shortest, long = draw_count(lengths, 0.0), draw_count(lengths, _LONG)
            kinds.append(_Kind(entry.name, long, shortest, later=entry.turns is not None))
        elif entry.shared_prefix is not None:
            kinds.append(_Kind(entry.name, entry.shared_prefix.tokens, whole=False))
    return kinds


def _probe(items: ProbeItems, kind: _Kind, count: TokenCounter) -> _Counts | None:
    long = min(max(kind.long, 32), _LONGEST_PROBE)
    short = long // 8
    # Items have no negative numbers: none of the load run's prompts is in the server's cache already.
    first = items.first_messages(kind.name, -1, short)
    low, high = count(first), count(items.first_messages(kind.name, -2, long))
    if low is None or high is None:
        return None
    later = None
    if kind.later:
        text = make_text(short, draw_bytes(kind.name), 0.0)
        later = count([*first, {"role": "assistant", "content": text}, {"role": "user", "content": text}])
    return _Counts((short, long), (low, high), later)


def _checked(items: ProbeItems, kinds: Sequence[_Kind], count: TokenCounter, lengths: PromptLengths) -> PromptLengths:
    """The lengths with the errors of prompts that were made by them."""
    errors = []
    for number, kind in enumerate(kinds, start=4):
        around = lengths.around[kind.name]
        if kind.shortest is not None and kind.shortest < around + lengths.tokens_per_word:
            raise CalibrationError(
                f"entry {kind.name}: a prompt of {kind.shortest} tokens cannot be made, because the server counts "
                f"{around:.0f} around the text; ask for {around + lengths.tokens_per_word:.0f} or more"
            )
        asked = kind.long if kind.whole else kind.long + round(around)
        tokens = count(items.first_messages(kind.name, -number, lengths.words(asked, around)))
        if tokens is not None:
            errors.append(abs(tokens - asked))
    return replace(lengths, largest_error=max(errors, default=None), checks=len(errors))
