"""Items of a workload: each is drawn by its number, the same in any process."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from keywords.engine.load.items import Item, Turn
from keywords.engine.load.workload.distributions import draw_count, draw_value, pick
from keywords.engine.load.workload.draws import draw, draw_bytes
from keywords.engine.load.workload.prompt_lengths import PromptLengths
from keywords.engine.load.workload.text import OPENING, draw_text, make_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keywords.engine.load.workload.reading import LoadedWorkload
    from keywords.engine.load.workload.schema import Entry

Message = dict[str, str]

_STREAM: Final[Mapping[str, Any]] = {"stream": True, "stream_options": {"include_usage": True}}


@dataclass(frozen=True)
class WorkloadItems:
    """Items of a workload's mix.

    Attributes:
        workload: what they are drawn from.
        seed: the same seed gives the same items.
        lengths: words that make a prompt of n tokens.
        nonce: what unique prefixes depend on beside seed and number; a new one for each load run, so that no run meets
            the prompts of an earlier one in a cache.
    """

    workload: LoadedWorkload
    seed: int = 0
    lengths: PromptLengths = field(default_factory=PromptLengths)
    nonce: str = ""
    _shares: tuple[float, ...] = field(init=False, repr=False)
    _order: Mapping[str, tuple[int, ...]] = field(init=False, repr=False)
    _fixed: frozenset[str] = field(init=False, repr=False)
    """Entries in which nothing but their text is drawn."""
    _same: dict[tuple[str, int], tuple[Turn, ...]] = field(init=False, repr=False, compare=False)
    """Their turns by the text's place: thousands of items have the same."""

    def __post_init__(self) -> None:
        """Draw the order in which each entry's texts are taken."""
        order = {
            name: tuple(sorted(range(len(texts)), key=lambda place, name=name: draw(self.seed, name, place)))  # type: ignore[misc]
            for name, texts in self.workload.conversations.items()
        }
        object.__setattr__(self, "_order", order)
        fixed = () if self.workload.spec.unique_prefix else self.workload.spec.mix or ()
        object.__setattr__(self, "_fixed", frozenset(entry.name for entry in fixed if _is_fixed(entry)))
        object.__setattr__(self, "_same", {})
        object.__setattr__(self, "_shares", tuple(entry.share for entry in self.workload.spec.mix or ()))

    @property
    def items_of_pass(self) -> int | None:
        """Items that use each text once; None for synthetic texts, which have no end, and for a mix of several."""
        mix = self.workload.spec.mix or ()
        order = self._order.get(mix[0].name) if len(mix) == 1 else None
        return len(order) if order else None

    def item(self, number: int) -> Item:
        """The item with a number.

        Texts come in a drawn order, over and over: n items of a mix of one entry with n texts use each text once.
        """
        mix = self.workload.spec.mix or ()
        if len(mix) == 1 and (fixed := self._fixed_turns(mix[0], number)) is not None:
            return Item(number, mix[0].name, fixed)
        kind, prefix, variant, turns, *_ = draw(self.seed, number)
        entry = mix[pick(kind, self._shares)]
        if (fixed := self._fixed_turns(entry, number)) is not None:
            return Item(number, entry.name, fixed)
        texts = self._texts(entry, number, turns)
        shared = self._shared(entry, prefix, variant)
        return Item(number, entry.name, self._turns(entry, number, texts, shared))

    def first_messages(self, kind: str, number: int, words: int) -> tuple[Message, ...]:
        """Messages of an entry's first request with a synthetic text of so many words, without a shared prefix."""
        entry = next(entry for entry in self.workload.spec.mix or () if entry.name == kind)
        return self._opening(entry, number, make_text(words, draw_bytes(self.seed, number, 0), 0.0))

    def _fixed_turns(self, entry: Entry, number: int) -> tuple[Turn, ...] | None:
        """The turns of an entry in which nothing but its text is drawn; None of any other entry."""
        order = self._order.get(entry.name)
        if order is None or entry.name not in self._fixed:
            return None
        key = entry.name, order[number % len(order)]
        if (turns := self._same.get(key)) is None:
            turns = self._same[key] = self._turns(entry, number, self.workload.conversations[entry.name][key[1]], "")
        return turns

    def _turns(self, entry: Entry, number: int, texts: Sequence[str | None], shared: str) -> tuple[Turn, ...]:
        return tuple(self._turn(entry, number, turn, given, shared) for turn, given in enumerate(texts))

    def _texts(self, entry: Entry, number: int, turns: float) -> Sequence[str | None]:
        """The user's messages; None for a synthetic one."""
        order = self._order.get(entry.name)
        if order is None:
            return [None] * (1 if entry.turns is None else draw_count(entry.turns, turns))
        return self.workload.conversations[entry.name][order[number % len(order)]]

    def _shared(self, entry: Entry, u: float, variant: float) -> str:
        prefix = entry.shared_prefix
        if prefix is None or u >= prefix.share:
            return ""
        # Synthetic text goes on as the prefix does, so that the lengths of both add up.
        separator = "\n\n" if entry.prompts.tokens is None else " "
        words = self.lengths.words(prefix.tokens)
        return draw_text(words, "prefix", self.seed, entry.name, int(variant * prefix.variants)) + separator

    def _turn(self, entry: Entry, number: int, turn: int, given: str | None, shared: str) -> Turn:
        length, answer, pause, start, *_ = draw(self.seed, number, turn)
        if given is None:
            around = (self.lengths.around_later if turn else self.lengths.around).get(entry.name, 0.0)
            words = self.lengths.words(draw_count(entry.prompts.tokens, length), around)
            given = make_text(words, draw_bytes("text", self.seed, number, turn), start)
        return Turn(
            messages=({"role": "user", "content": given},) if turn else self._opening(entry, number, shared + given),
            fields=request_fields(
                entry.fields,
                stream=self.workload.spec.stream,
                max_tokens=None if entry.max_tokens is None else draw_count(entry.max_tokens, answer),
            ),
            think_s=draw_value(entry.think, pause) if turn and entry.think is not None else 0.0,
        )

    def _opening(self, entry: Entry, number: int, text: str) -> tuple[Message, ...]:
        unique = unique_prefix(self.nonce, self.seed, number) if self.workload.spec.unique_prefix else ""
        if entry.system is None:
            return ({"role": "user", "content": unique + text},)
        return ({"role": "system", "content": unique + entry.system}, {"role": "user", "content": text})


def _is_fixed(entry: Entry) -> bool:
    """Whether nothing but its text is drawn for an item."""
    drawn = entry.max_tokens, entry.think
    return entry.shared_prefix is None and all(each is None or isinstance(each, int | float) for each in drawn)


def unique_prefix(nonce: str, seed: int, number: int) -> str:
    """Words that no other item has, for the very beginning of a conversation."""
    return make_text(OPENING, draw_bytes("unique", nonce, seed, number), 0.0) + ". "


def request_fields(fields: Mapping[str, Any], *, stream: bool, max_tokens: int | None) -> dict[str, Any]:
    """The fields of a request beside model and messages; the workload's own ones win."""
    limit = {} if max_tokens is None else {"max_tokens": max_tokens}
    return {**(_STREAM if stream else {"stream": False}), **limit, **fields}
