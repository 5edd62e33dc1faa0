"""Models: one from a folder, or one without weights, built from a configuration with a fixed seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

SEED: Final = 20260101
SHAPES: Final = {
    "tiny": {"hidden_size": 64, "layers": 2, "heads": 4, "kv_heads": 2, "intermediate_size": 128, "vocab_size": 512},
    "1b": {
        "hidden_size": 2048,
        "layers": 16,
        "heads": 32,
        "kv_heads": 8,
        "intermediate_size": 8192,
        "vocab_size": 32000,
    },
    "8b": {
        "hidden_size": 4096,
        "layers": 32,
        "heads": 32,
        "kv_heads": 8,
        "intermediate_size": 14336,
        "vocab_size": 32000,
    },
}
"""Shapes of models without weights; 1b and 8b have those of Llama 3.2 1B and Llama 3.1 8B with a smaller vocabulary."""
Bits = Literal["16", "int8", "fp8"]
_FIRST_BYTE = 3


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model that is ready.

    Attributes:
        id: as clients ask for it; begins with `random-` if there are no weights.
        model: of transformers.
        tokenizer: makes tokens of chat messages, and texts of tokens.
        end_ids: tokens that end an answer.
        weight_bytes: memory of the weights.
    """

    id: str
    model: Any
    tokenizer: Any
    end_ids: frozenset[int]
    weight_bytes: int


class ByteTokenizer:
    """Tokens of a model without weights: each byte of a prompt is one, each token of an answer one letter."""

    def encode_chat(self, messages: list[dict[str, Any]]) -> list[int]:
        """The tokens of a conversation."""
        text = "".join(f"{each.get('role', '')}: {each.get('content') or ''}\n" for each in messages)
        return [byte + _FIRST_BYTE for byte in text.encode()]

    def decode(self, ids: list[int]) -> str:
        """A letter for each token."""
        return "".join(chr(ord("a") + id_ % 26) for id_ in ids)


class ChatTokenizer:
    """Tokens by a model's own tokenizer and chat template."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    def encode_chat(self, messages: list[dict[str, Any]]) -> list[int]:
        """The tokens of a conversation."""
        if self._tokenizer.chat_template is None:
            text = "\n".join(str(each.get("content") or "") for each in messages)
            return list(self._tokenizer.encode(text))
        encoded = self._tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=True)
        return list(encoded["input_ids"] if hasattr(encoded, "keys") else encoded)

    def decode(self, ids: list[int]) -> str:
        """The text of tokens, without those that are none."""
        return str(self._tokenizer.decode(ids, skip_special_tokens=True))


def load(source: str, device: str, bits: Bits, length: int) -> Loaded:
    """Load a model.

    Args:
        source: a folder of transformers, or `random:tiny`, `random:1b` or `random:8b`.
        device: such as `cuda:0` or `cpu`.
        bits: how weights are kept; `int8` and `fp8` widen them at each use.
        length: tokens of a request, for models without weights.

    Raises:
        KeyError: there is no such shape.
        OSError: the folder holds no model.
    """
    import torch  # noqa: PLC0415  # heavy
    import transformers  # type: ignore[import-not-found]  # noqa: PLC0415  # GPU machines have it

    dtype = torch.bfloat16 if device != "cpu" else torch.float32
    if source.startswith("random:"):
        name = source.removeprefix("random:")
        torch.manual_seed(SEED)
        with torch.device(device):
            model = transformers.LlamaForCausalLM(_config(transformers, SHAPES[name], length)).to(dtype)
        tokenizer: ByteTokenizer | ChatTokenizer = ByteTokenizer()
        id_, ends = f"random-{name}", None
    else:
        model = transformers.AutoModelForCausalLM.from_pretrained(source, dtype=dtype, local_files_only=True).to(device)
        own = transformers.AutoTokenizer.from_pretrained(source, local_files_only=True)
        ends = model.generation_config.eos_token_id
        tokenizer = ChatTokenizer(own)
        id_ = source.rstrip("/").rpartition("/")[2]
    model.eval()
    if bits != "16":
        from ops.transformers_server.eight_bits import narrow  # noqa: PLC0415  # as torch

        narrow(model, bits)
        id_ += f"-{bits}"
    size = sum(each.numel() * each.element_size() for each in (*model.parameters(), *model.buffers()))
    end_ids = frozenset(ends if isinstance(ends, list) else [] if ends is None else [ends])
    return Loaded(id_, model, tokenizer, end_ids, size)


def _config(transformers: Any, shape: dict[str, int], length: int) -> Any:
    return transformers.LlamaConfig(
        hidden_size=shape["hidden_size"],
        num_hidden_layers=shape["layers"],
        num_attention_heads=shape["heads"],
        num_key_value_heads=shape["kv_heads"],
        intermediate_size=shape["intermediate_size"],
        vocab_size=shape["vocab_size"],
        max_position_embeddings=length,
        attn_implementation="sdpa",
    )
