"""Weights of 8 bits: kept as whole numbers (int8) or short floats (fp8), with a scale for each output; widened at use.

This halves the memory of the weights against 16 bits. The products are still those of 16 bits, so nothing gets faster;
engines such as vLLM multiply in 8 bits.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


class NarrowLinear(nn.Module):  # type: ignore[misc]  # PyTorch is not among the types
    """A linear layer whose weights have 8 bits."""

    def __init__(self, linear: Any, bits: str) -> None:
        super().__init__()
        weight = linear.weight.detach()
        if bits == "int8":
            largest, dtype = 127.0, torch.int8
        else:
            dtype = torch.float8_e4m3fn
            largest = torch.finfo(dtype).max
        scale = (weight.abs().amax(dim=1, keepdim=True).float() / largest).clamp(min=1e-12)
        scaled = weight.float() / scale
        self.register_buffer("narrow", (scaled.round() if bits == "int8" else scaled).to(dtype))
        self.register_buffer("scale", scale.to(weight.dtype))
        self.register_buffer("bias", None if linear.bias is None else linear.bias.detach())

    def forward(self, x: Any) -> Any:
        """The product with the widened weights."""
        return nn.functional.linear(x, self.narrow.to(x.dtype) * self.scale, self.bias)


def narrow(model: Any, bits: str) -> None:
    """Keep the weights of all linear layers but the last in 8 bits."""
    last = model.get_output_embeddings()
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Linear) and child is not last:
                setattr(module, name, NarrowLinear(child, bits))
