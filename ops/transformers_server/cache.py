"""The KV cache: one row for each request at work, in one block of memory for each layer."""

from __future__ import annotations

from typing import Any


class RowCache:
    """Keys and values of all layers, as transformers' models ask for them.

    The requests at work have the rows 0 to n - 1, so that a step over all of them reads one block and copies nothing.

    Args:
        model: of transformers.
        rows: requests at a time.
        length: tokens of a request, prompt and answer together.
    """

    is_compileable = False

    def __init__(self, model: Any, rows: int, length: int) -> None:
        config, like = model.config, next(model.parameters())
        heads = config.num_key_value_heads
        size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        shape = (rows, heads, length, size)
        layers = range(config.num_hidden_layers)
        self.keys = [like.new_zeros(shape) for _ in layers]
        self.values = [like.new_zeros(shape) for _ in layers]
        self._rows: Any = slice(0, 0)
        self._starts: Any = None
        self._numbers: Any = None
        self._width = 0

    @property
    def bytes(self) -> int:
        """Memory that it takes."""
        return sum(each.numel() * each.element_size() for each in (*self.keys, *self.values))

    def begin(self, row: int, width: int) -> None:
        """The next pass is over the prompt of one row, of `width` tokens."""
        self._rows, self._starts, self._width = slice(row, row + 1), None, width

    def step(self, starts: Any, width: int) -> None:
        """The next pass is over one token of each row at work.

        Args:
            starts: the place of each row's token.
            width: one more than the largest of them.
        """
        self._rows, self._starts, self._width = slice(0, len(starts)), starts, width
        self._numbers = starts.new_ones(len(starts)).cumsum(0) - 1

    def move(self, source: int, target: int, width: int) -> None:
        """Give a row the first tokens of another one."""
        for layer in (*self.keys, *self.values):
            layer[target, :, :width] = layer[source, :, :width]

    def update(self, keys: Any, values: Any, layer: int, *_: Any, **__: Any) -> tuple[Any, Any]:
        """Take the keys and values of a pass, and give all of the rows; transformers calls it in each layer."""
        for kept, new in ((self.keys[layer], keys), (self.values[layer], values)):
            if self._starts is None:
                kept[self._rows, :, : self._width] = new
            else:
                kept[self._numbers, :, self._starts] = new[:, :, 0]
        return self.keys[layer][self._rows, :, : self._width], self.values[layer][self._rows, :, : self._width]

    def get_seq_length(self, *_: Any) -> int:
        """Tokens before the pass; places of tokens are given to the model beside it."""
        return 0 if self._starts is None else self._width - 1

    def get_mask_sizes(self, *_: Any) -> tuple[int, int]:
        """Width and offset of a mask; masks are given to the model ready."""
        return self._width, 0
