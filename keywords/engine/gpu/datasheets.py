"""What NVIDIA's datasheets promise of a product: the measure of bandwidth and of matrix products."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Datasheet:
    """One product.

    Attributes:
        product: the name, or the beginning of it, as the driver tells it.
        memory_bytes_per_s: bandwidth of the memory.
        bf16_operations_per_s: dense matrix products of bfloat16, without sparsity.
        source: where it stands.
    """

    product: str
    memory_bytes_per_s: float
    bf16_operations_per_s: float
    source: str


def find_datasheet(path: Path, name: str) -> Datasheet | None:
    """The datasheet whose product's name begins the driver's name, the longest one; None if there is none."""
    import yaml  # noqa: PLC0415  # only rows about speed read it

    entries = yaml.safe_load(path.read_text("utf-8"))
    matching = [entry for entry in entries if name.startswith(entry["product"])]
    if not matching:
        return None
    entry = max(matching, key=lambda each: len(each["product"]))
    return Datasheet(entry["product"], entry["memory_tb_s"] * 1e12, entry["bf16_tflops"] * 1e12, entry["source"])
