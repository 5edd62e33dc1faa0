"""Weights that are known to be worse, made from a model of our own: requantised, or with noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter
from gguf.quants import dequantize, quantize

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Q4_0, Q8_0 = GGMLQuantizationType.Q4_0, GGMLQuantizationType.Q8_0


def requantise(source: Path, target: Path) -> None:
    """Write the same model with its Q4_1 matrices as Q4_0: a small regression."""
    _rewrite(source, target, lambda weights: (quantize(weights, Q4_0), Q4_0))


def add_noise(source: Path, target: Path, noise: float, seed: int) -> None:
    """Write the same model with Gaussian noise on its Q4_1 matrices: those that `requantise` changes.

    They are written as Q8_0, whose own error is a hundredth of the smallest noise's.

    Args:
        source: a GGUF file.
        target: the file to write.
        noise: standard deviation of the noise, in standard deviations of each matrix's weights.
        seed: of the noise.
    """
    random = np.random.default_rng(seed)

    def noisy(weights: np.ndarray) -> tuple[np.ndarray, GGMLQuantizationType]:
        drawn = random.standard_normal(weights.shape, dtype=np.float32)
        return quantize(weights + noise * weights.std() * drawn, Q8_0), Q8_0

    _rewrite(source, target, noisy)


def _rewrite(
    source: Path, target: Path, change: Callable[[np.ndarray], tuple[np.ndarray, GGMLQuantizationType]]
) -> None:
    """Write the model of a GGUF file with its Q4_1 matrices changed, and all else as it is."""
    reader = GGUFReader(source)
    architecture = str(reader.fields["general.architecture"].contents())
    writer = GGUFWriter(target, architecture)
    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name == "general.architecture":
            continue
        kind = field.types[0]
        inner = field.types[-1] if kind == GGUFValueType.ARRAY else None
        writer.add_key_value(name, field.contents(), kind, sub_type=inner)
    for tensor in reader.tensors:
        data, quantisation = tensor.data, tensor.tensor_type
        if quantisation == GGMLQuantizationType.Q4_1:
            data, quantisation = change(dequantize(data, quantisation))
        writer.add_tensor(tensor.name, data, raw_dtype=quantisation)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
