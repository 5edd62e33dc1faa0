"""Weights that are known to be worse, made from a model of our own: requantised, or with noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter
from gguf.quants import dequantize, quantize

if TYPE_CHECKING:
    from pathlib import Path

    from gguf import ReaderTensor

_NOISY = "ffn_down"
_MATRIX = 2


def requantise(source: Path, target: Path) -> None:
    """Write the same model with its Q4_1 matrices as Q4_0: a small regression."""
    _rewrite(source, target, noise=0.0, seed=0)


def add_noise(source: Path, target: Path, noise: float, seed: int) -> None:
    """Write the same model with Gaussian noise on the matrices that end each block.

    Args:
        source: a GGUF file.
        target: the file to write.
        noise: standard deviation of the noise, in standard deviations of each matrix's weights.
        seed: of the noise.
    """
    _rewrite(source, target, noise=noise, seed=seed)


def _rewrite(source: Path, target: Path, *, noise: float, seed: int) -> None:
    reader, random = GGUFReader(source), np.random.default_rng(seed)
    architecture = str(reader.fields["general.architecture"].contents())
    writer = GGUFWriter(target, architecture)
    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name == "general.architecture":
            continue
        kind = field.types[0]
        inner = field.types[-1] if kind == GGUFValueType.ARRAY else None
        writer.add_key_value(name, field.contents(), kind, sub_type=inner)
    for tensor in reader.tensors:
        data, quantisation = _changed(tensor, noise, random)
        writer.add_tensor(tensor.name, data, raw_dtype=quantisation)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _changed(
    tensor: ReaderTensor, noise: float, random: np.random.Generator
) -> tuple[np.ndarray, GGMLQuantizationType]:
    if noise and _NOISY in tensor.name and len(tensor.shape) == _MATRIX:
        weights = dequantize(tensor.data, tensor.tensor_type)
        noisy = weights + random.normal(0.0, noise * float(weights.std()), weights.shape)
        return noisy.astype(np.float16), GGMLQuantizationType.F16
    if not noise and tensor.tensor_type == GGMLQuantizationType.Q4_1:
        weights = dequantize(tensor.data, tensor.tensor_type)
        return quantize(weights, GGMLQuantizationType.Q4_0), GGMLQuantizationType.Q4_0
    return tensor.data, tensor.tensor_type
